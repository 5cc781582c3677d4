"""The process that serves HTTP, and the supervisor process above it.

It may import everything but the command line.
"""
