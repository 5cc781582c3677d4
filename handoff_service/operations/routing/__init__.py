"""Routing: queues, hand-off, offers, presence, transfer, alarms for supervisors.

These modules may import shared steps.
"""
