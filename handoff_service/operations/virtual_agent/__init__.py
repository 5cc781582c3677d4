"""The virtual agent: turns, commands, leaving it and returning to it.

They may import shared steps and routing.
"""
