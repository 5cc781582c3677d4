"""Delivery: the outbox, send gates, receipts, prices, unknown outcomes, the gap sweep.

These modules may import shared steps, consent and conversations.
"""
