"""The supervisor's pages: the live view, reports and dry runs.

These modules may import the API, shared web modules, and what these may import.
"""
