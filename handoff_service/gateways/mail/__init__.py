"""Mail over SMTP, and the demo's mailbox, which sends nothing."""
