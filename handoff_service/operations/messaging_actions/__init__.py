"""Messaging actions: admins edit them, timers carry them out, agents dismiss prompts.

These modules may import shared steps, routing and the virtual agent.
"""
