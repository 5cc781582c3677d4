"""The pages where an admin sets up the desk. Each kind of object has one module.

These modules may import the API, shared web modules, and what these may import.
"""
