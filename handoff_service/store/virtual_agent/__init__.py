"""Queries about the virtual agent's turns and the language that it answers in.

These modules may import the engine, views and rules.
"""
