"""The desk file's export, and the change history of records.

These modules may import all other rooms of the store except privacy, training and reports.
"""
