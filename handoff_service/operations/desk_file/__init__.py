"""The desk file: read, checked and imported as a whole.

These modules may import every room.
"""
