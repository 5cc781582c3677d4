"""Queries about cases and outages.

These modules may import the engine, views, and the queries of conversations, delivery,
virtual_agent, webhooks, consent and desk.
"""
