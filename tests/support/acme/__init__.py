"""Acme, a made-up SMS provider, written as ``docs/how-to/add-a-provider.md`` describes, and a
server for its tests.
"""
