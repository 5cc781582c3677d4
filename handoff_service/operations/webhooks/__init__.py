"""Webhooks: the addresses that get events, and the calls to them.

These modules may import shared steps. ``shared/record_events.py`` writes the events.
"""
