"""Backups: one archive file that holds the database, the media and the keys of a desk."""
