"""Rules of webhooks: the events, their content, and how calls are signed and retried.

These modules may import all rules except those of training, reports and privacy.
"""
