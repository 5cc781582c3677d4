"""Sends the company's webhooks over HTTP, following the Standard Webhooks specification.

These modules may import ports, rules and lib.
"""
