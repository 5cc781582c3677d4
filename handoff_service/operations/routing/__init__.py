"""Routing: queues, handoff, offers, presence, transfers, notifications, alarms for supervisors.

These modules may import shared steps.
"""
