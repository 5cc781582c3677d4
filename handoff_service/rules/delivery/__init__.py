"""Rules of delivery: statuses, segments, quiet hours, limits on replies, carrier keywords.

These modules may import the shared rules.
"""
