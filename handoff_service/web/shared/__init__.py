"""Modules that all surfaces share: sessions, rendering, streams, uploads, limits.

They may import operations, store and rules, but no surface.
"""
