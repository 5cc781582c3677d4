"""The phone simulator, and the mailbox of the demo.

These modules may import the shared modules.
"""
