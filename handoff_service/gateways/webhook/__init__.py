"""Webhooks over HTTP, following Standard Webhooks.

These modules may import ports, rules and lib.
"""
