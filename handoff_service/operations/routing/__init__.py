"""Routing: queues, hand-off, offers, presence, transfer, alarms for supervisors.

They may import shared steps.
"""
