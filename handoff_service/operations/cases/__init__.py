"""Cases and outages.

These modules may import shared steps.
"""
