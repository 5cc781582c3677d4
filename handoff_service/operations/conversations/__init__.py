"""Conversations: take texts in, answer, close, start, media, the index of texts.

They may import shared steps, routing, consent and the virtual agent.
"""
