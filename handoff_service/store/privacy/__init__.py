"""Personal data: which tables contain it, what an erasure or retention removes, and what a person's
archive contains.

These modules may import all other queries.
"""
