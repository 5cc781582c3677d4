"""The desk file's export, and the change history of records.

These modules may import every room's queries.
"""
