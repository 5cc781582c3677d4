"""The trainer's pages, below `/workspace/trainer`. For trainers and admins."""
