"""Consent: the ledger, keywords, and pushing opt-outs to the provider.

These modules may import shared steps and the virtual agent.
"""
