"""The desk file: read, checked and imported as a whole.

It may import every room.
"""
