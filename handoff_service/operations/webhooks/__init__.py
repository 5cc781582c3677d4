"""Webhooks: admins edit them, the service calls them, and failing ones are switched off.

These modules may import shared steps. ``shared/record_events.py`` writes the events.
"""
