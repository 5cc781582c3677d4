"""Queries of delivery: the outbox, sends under way, what a restore holds, usage.

They may import the engine, views, and the queries of consent and desk.
"""
