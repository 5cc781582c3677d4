"""Rules of delivery: statuses, segments, quiet hours, limits on replies, carrier keywords.

They may import the shared rules.
"""
