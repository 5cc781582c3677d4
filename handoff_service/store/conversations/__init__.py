"""Queries of conversations: their lines, lists, media, search.

These modules may import the engine, views, and the queries of consent and desk.
"""
