"""Starts, trains, supervises, lints and measures the bot in its own environment.

It may import operations and the layers below; web and commands import it.
"""
