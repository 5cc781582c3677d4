"""Queries about messaging actions: their timers, prompts and dry runs.

These modules may import the engine, views, and the queries of identity, cases, routing,
conversations, delivery, virtual_agent, webhooks, consent and desk.
"""
