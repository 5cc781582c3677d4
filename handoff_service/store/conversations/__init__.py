"""Queries of conversations: their lines, lists, media, search.

They may import the engine, views, and the queries of consent and desk.
"""
