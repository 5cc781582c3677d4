"""Messaging actions: what admins write, timers that fire, prompts.

They may import shared steps and routing.
"""
