"""Backups: one archive file with the database, media, models and keys of a desk."""
