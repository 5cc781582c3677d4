"""The trainer's pages under ``/workspace/trainer``, for trainers and admins.

These modules may import the API, shared web modules, and what these may import.
"""
