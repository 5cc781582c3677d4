"""The desk: users, agents, groups, provider numbers, settings, texts, templates, sign-in.

These modules may import shared steps, routing, consent, identity and training.
"""
