"""Twilio: settings, sending, lookup, receipts, webhooks, signature, media, error codes, consent,
and checks of the account.

These modules may import ports, settings, store, rules and the commands of operations.
``provider.py`` assembles the parts.
"""
