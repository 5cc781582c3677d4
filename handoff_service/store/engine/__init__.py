"""The engine: database, lanes, due work, tables, migrations. No product query.

It may import rules and lib.
"""
