"""Queries of identity: messaging profiles, associations, proofs.

These modules may import the engine, views, and the queries of conversations.
"""
