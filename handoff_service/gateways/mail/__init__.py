"""Mail: SMTP, and the demo's mailbox, which sends nothing.

It may import ports and clock.
"""
