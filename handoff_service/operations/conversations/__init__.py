"""Conversations: receive texts, answer, close, start, media, the text index.

They may import shared steps, routing, consent and the virtual agent.
"""
