"""Queries of routing: queues, work items, the inbox, presence, supervision.

They may import the engine, views, and the queries of all rooms but messaging actions, identity and
cases.
"""
