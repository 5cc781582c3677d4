"""Rules that several packages of rules share, for example languages, phrases and conditions.

These modules import only the standard library and each other.
"""
