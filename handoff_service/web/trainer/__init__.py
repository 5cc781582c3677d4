"""The trainer's pages, below ``/workspace/trainer``. For trainers and admins.

These modules may import the API, shared web modules, and what these may import.
"""
