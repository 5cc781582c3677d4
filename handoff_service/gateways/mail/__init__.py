"""Mail: SMTP, and the demo's mailbox that sends nothing.

It may import ports and clock.
"""
