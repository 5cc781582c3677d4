"""Queries about the virtual agent's turns, and the language of its replies.

These modules may import the engine, views, and the queries of consent and desk.
"""
