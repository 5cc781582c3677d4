"""Notifications to browsers over Web Push, and to agents' own webhooks.

These modules may import ports and rules.
"""
