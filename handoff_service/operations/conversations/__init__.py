"""Conversations: receive, send and schedule texts, start and close conversations, fetch media,
index texts.

These modules may import shared steps, routing, cases, consent and the virtual agent.
"""
