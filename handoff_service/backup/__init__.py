"""Backups: one archive file with the database, media, models and keys of a desk.

These modules may import everything but commands, the server and doctor.
"""
