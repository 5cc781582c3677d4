"""The process that serves HTTP, and the supervisor process above it.

These modules may import everything but the command line.
"""
