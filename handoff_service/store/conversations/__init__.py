"""Queries about conversations: messages, lists, media and search.

These modules may import the engine, views, and the queries of desk, consent, delivery,
virtual_agent and webhooks.
"""
