"""Pieces that all surfaces share: sessions, rendering, streams, uploads, limits.

They may import operations, store and rules, and no surface.
"""
