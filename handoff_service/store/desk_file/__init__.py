"""The desk as an export file.

It may import every room's queries.
"""
