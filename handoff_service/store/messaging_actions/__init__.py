"""Queries about messaging actions: their timers, prompts and dry runs.

These modules may import the engine, views, and the queries of conversations, routing, consent and
desk.
"""
