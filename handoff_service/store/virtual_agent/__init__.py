"""Queries about the virtual agent's turns and the language that it answers in.

They may import the engine, views and rules.
"""
