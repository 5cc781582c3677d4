"""The supervisor's page.

These modules may import the shared modules.
"""
