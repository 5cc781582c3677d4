"""Queries of identity: messaging profiles, associations, proofs.

They may import the engine, views, and the queries of conversations.
"""
