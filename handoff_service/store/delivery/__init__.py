"""Queries of delivery: the outbox, running sends, restore holds, usage.

They may import the engine, views, and the queries of consent and desk.
"""
