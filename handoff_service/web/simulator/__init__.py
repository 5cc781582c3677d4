"""The phone simulator, and the mailbox of the demo.

These modules may import the API, shared web modules, and what these may import.
"""
