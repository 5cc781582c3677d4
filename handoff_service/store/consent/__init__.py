"""Queries of consent: its current state and the ledger.

These modules may import the engine, views, and the queries of the desk.
"""
