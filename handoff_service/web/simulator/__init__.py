"""The demo's phones and mailbox.

They may import the shared modules.
"""
