"""Personal data: retention, erasing a person, and handing a person their data.

These modules may import all other operations.
"""
