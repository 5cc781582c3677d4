"""Queries of consent: what holds now, and the ledger.

They may import the engine, views, and the queries of the desk.
"""
