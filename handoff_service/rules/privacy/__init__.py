"""Rules of personal data: what retention removes and when, and the steps of an erasure.

These modules may import any other rules.
"""
