"""Modules that all surfaces share: sessions, rendering, streams, uploads, limits.

These modules may import operations, store and rules, but no surface.
"""
