"""Consent: the ledger, the keywords, and the push of opt-outs to the provider.

These modules may import shared steps and the virtual agent.
"""
