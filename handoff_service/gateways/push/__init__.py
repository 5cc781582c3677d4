"""Notifications to browsers over Web Push, and to agents' own webhooks."""
