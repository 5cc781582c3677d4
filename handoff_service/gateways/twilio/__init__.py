"""Twilio: settings, sending, lookup, receipts, webhooks, signature, media, error codes, consent,
and checks of the account. ``provider.py`` assembles the parts."""
