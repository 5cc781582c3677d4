"""S3: media in a bucket of an S3-compatible store."""
