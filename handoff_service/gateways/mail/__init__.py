"""Mail over SMTP, and the demo's mailbox, which sends nothing.

These modules may import ports and clock.
"""
