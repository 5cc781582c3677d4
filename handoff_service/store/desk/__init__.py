"""Queries of the desk: users, agents, provider numbers, settings, texts, templates.

These modules may import the engine and views.
"""
