"""The engine: database connections, lanes, due work, tables and migrations. It has no queries about
the product.

These modules may import rules, lib and the process-wide modules, but no other folder of the store.
"""
