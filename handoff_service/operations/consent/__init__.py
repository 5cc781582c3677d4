"""Consent: the ledger, keywords, and pushing opt-outs to the provider.

It may import shared steps and the virtual agent.
"""
