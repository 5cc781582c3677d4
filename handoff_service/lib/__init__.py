"""General tools: opening hours, phone regions, images, files, passwords, rate limits, debouncing.

These modules may import installed libraries, log, errors, environment and rules.
"""
