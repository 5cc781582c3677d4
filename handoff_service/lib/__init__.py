"""General tools: opening hours, phone regions, images, files, passwords, rate limits, debouncing.

These modules may import the standard library, log, errors and, for limits on media, rules.
"""
