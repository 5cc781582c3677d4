"""The supervisor's page.

It may import the shared modules.
"""
