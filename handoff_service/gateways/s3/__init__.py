"""S3: media in a bucket of an S3-compatible store.

These modules may import ports, lib, metrics and log.
"""
