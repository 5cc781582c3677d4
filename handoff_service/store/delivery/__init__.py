"""Queries of delivery: the outbox, running sends, restore holds, usage.

These modules may import the engine, views, and the queries of consent and desk.
"""
