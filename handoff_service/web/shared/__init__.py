"""Modules that the other packages of ``web`` share: sessions, rendering, streams, uploads, limits.

These modules may import operations, store and rules, but no other package of ``web``.
"""
