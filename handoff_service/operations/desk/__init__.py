"""The desk: users, agents, groups, provider numbers, settings, texts, templates, sign-in.

They may import shared steps, routing, consent and identity.
"""
