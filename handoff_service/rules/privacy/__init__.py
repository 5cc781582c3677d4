"""Rules of personal data: what retention removes and when, and the steps of an erasure.

They may import any other rules.
"""
