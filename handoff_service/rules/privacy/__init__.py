"""Rules of personal data: what retention removes and when, and the steps of an erasure.

These modules may import all rules except those of training, reports and webhooks.
"""
