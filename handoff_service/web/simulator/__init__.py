"""The demo's phones and mailbox.

These modules may import the shared modules.
"""
