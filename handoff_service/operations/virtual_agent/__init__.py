"""The virtual agent: its turns, requesters' commands, handoffs and returns.

These modules may import shared steps, routing, cases and training.
"""
