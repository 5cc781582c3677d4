"""Queries about routing: queues, work items, the inbox, presence and supervision.

These modules may import the engine, views, and the queries of conversations, delivery,
virtual_agent, webhooks, consent and desk.
"""
