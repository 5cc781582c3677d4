"""Twilio: sending, looking up, media, signature, the account.

It may import ports, settings, store and rules.
"""
