"""Queries of messaging actions: their timers, prompts and dry run.

They may import the engine, views, and the queries of conversations, routing and desk.
"""
