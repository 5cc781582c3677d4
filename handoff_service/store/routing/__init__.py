"""Queries of routing: queues, work items, the inbox, presence, supervision.

These modules may import the engine, views, and the queries of all rooms except messaging actions,
identity and cases.
"""
