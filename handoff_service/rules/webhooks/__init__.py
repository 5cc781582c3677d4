"""Rules of webhooks: the events, their content, and how calls are signed and retried.

These modules may import the shared rules.
"""
