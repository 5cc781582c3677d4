"""Queries about consent: the current opt-outs and the ledger.

These modules may import the engine, views, and the queries of the desk.
"""
