"""Queries of cases, outages and the outgoing webhook.

They may import the engine, views, and the queries of conversations.
"""
