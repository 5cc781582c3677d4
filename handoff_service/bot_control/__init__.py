"""Starts, trains, supervises, lints and measures the bot in its own environment.

These modules may import operations and the layers below; web and commands import it.
"""
