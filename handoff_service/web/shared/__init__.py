"""Modules that the other packages of ``web`` share: sessions, rendering, streams, uploads, limits.

These modules may import the layers below ``web``, but no other package of ``web``.
"""
