"""Rules of reports: the facts of a conversation, the figures computed from them, and date ranges.

These modules may import all rules except those of training, privacy and webhooks.
"""
