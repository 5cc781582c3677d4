"""Queries of the desk: users, agents, provider numbers, settings, texts, templates.

They may import the engine and views.
"""
