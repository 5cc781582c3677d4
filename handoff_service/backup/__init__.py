"""Backups: one archive file with the database, media and keys of a desk."""
