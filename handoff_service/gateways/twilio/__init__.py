"""Twilio's whole story: settings, sending, look-up, receipts, webhooks, signature, media, error codes, consents, the account.

It may import ports, operations' commands, settings, store and rules. ``provider.py`` puts the parts together.
"""
