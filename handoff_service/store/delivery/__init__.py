"""Queries about delivery: the outbox, running sends, restore holds and usage.

These modules may import the engine, views, and the queries of consent and desk.
"""
