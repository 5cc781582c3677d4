"""Personal data: retention, the erasure of a person, and the archive of a person's data.

These modules may import all other operations.
"""
