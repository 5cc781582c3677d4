"""Queries of the virtual agent: its turns.

They may import the engine and views.
"""
