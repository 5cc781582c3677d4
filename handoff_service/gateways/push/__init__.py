"""Notifications to browsers over Web Push, and to agents' own webhooks.

It may import ports and rules.
"""
