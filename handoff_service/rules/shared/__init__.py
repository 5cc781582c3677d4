"""Words, conditions, placeholders and durations that the rules of several rooms share.

They may import the standard library.
"""
