"""Twilio: settings, sending, look-up, receipts, webhooks, signature, media, error codes, consents,
the account.

It may import ports, settings, store, rules and the commands of operations. ``provider.py`` puts the
parts together.
"""
