"""Words, conditions, placeholders and durations that several packages of rules share.

These modules may import the standard library.
"""
