"""Queries about the desk: users, agents, provider numbers, settings, texts and templates.

These modules may import the engine and views.
"""
