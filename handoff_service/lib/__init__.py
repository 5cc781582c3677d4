"""Tools that know nothing about the product: opening hours, phone regions, images, files, debounce.

These modules may import the standard library, log, errors and, for limits on media, rules.
"""
