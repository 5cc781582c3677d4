"""The process that serves HTTP, and the supervisor process that starts several of them.

These modules may import everything but ``cli.py``, commands, doctor and backup.
"""
