"""Webhooks over HTTP, following Standard Webhooks.

It may import ports, rules and lib.
"""
