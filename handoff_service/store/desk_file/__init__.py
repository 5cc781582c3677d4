"""The desk as a file, as export writes it.

It may import every room's queries.
"""
