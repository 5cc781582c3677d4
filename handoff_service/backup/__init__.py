"""Backups: one archive file with the database, media, models and keys of a desk. Also moves media
between the folder and an S3 store.

These modules may import everything but ``cli.py``, commands, the server and doctor.
"""
