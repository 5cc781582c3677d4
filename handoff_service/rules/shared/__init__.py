"""Words, conditions, placeholders and durations that the rules of several rooms share.

These modules may import the standard library.
"""
