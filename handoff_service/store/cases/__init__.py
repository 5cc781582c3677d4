"""Queries of cases and outages.

They may import the engine, views, and the queries of conversations.
"""
