"""The HTTP API, version 1. Each call is a decorated function.

These modules may import shared web modules, and what these may import.
"""
