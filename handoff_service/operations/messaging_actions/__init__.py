"""Messaging actions: what admins write, timers that fire, prompts.

These modules may import shared steps and routing.
"""
