"""Queries about the desk, such as users, agents, sign-in, provider numbers, settings and texts.

These modules may import the engine and views.
"""
