"""Conversations: receive texts, answer, close, start, media, the text index.

These modules may import shared steps, routing, consent and the virtual agent.
"""
