"""Personal data: retention, erasing a person, and handing a person their data.

They may import all other operations.
"""
