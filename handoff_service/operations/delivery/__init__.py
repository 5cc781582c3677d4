"""Delivery: the outbox, send gates, receipts, prices, unknown outcomes, the gap sweep.

They may import shared steps, consent and conversations.
"""
