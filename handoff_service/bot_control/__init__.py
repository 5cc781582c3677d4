"""Starts, trains, supervises, lints and measures the bot in its own environment.

It may import settings, errors, log and rules.
"""
