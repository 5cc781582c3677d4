"""Queries about webhooks, their calls, and the content of their events.

These modules may import the engine, views, and the queries of consent and desk.
"""
