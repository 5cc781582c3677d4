"""The engine: database, lanes, due work, tables, migrations. No product query.

These modules may import rules and lib.
"""
