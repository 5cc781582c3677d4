"""The desk as an export file.

These modules may import every room's queries.
"""
