"""Queries of webhooks, their calls, and the content of their events.

They may import the engine and views.
"""
