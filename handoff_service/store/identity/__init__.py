"""Queries about identity: messaging profiles, associations and proofs.

These modules may import the engine, views, and the queries of conversations, delivery,
virtual_agent, webhooks, consent and desk.
"""
