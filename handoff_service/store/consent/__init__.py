"""Queries of consent: its current state and the ledger.

They may import the engine, views, and the queries of the desk.
"""
