"""Queries of webhooks, of the calls to them, and of what their events say.

They may import the engine and views.
"""
