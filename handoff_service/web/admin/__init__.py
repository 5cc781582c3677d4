"""The admin pages. Each kind of object has its own module.

These modules may import the API, shared web modules, and what these may import.
"""
