"""Queries of messaging actions: their timers, prompts and dry run.

These modules may import the engine, views, and the queries of conversations, routing and desk.
"""
