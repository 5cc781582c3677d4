"""Tools without product words: opening hours, phone regions, images, files, debounce.

They may import the standard library, log, errors and, for limits on media, rules.
"""
