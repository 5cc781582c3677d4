"""The virtual agent: turns, commands, leaving it and returning to it.

These modules may import shared steps and routing.
"""
