"""Cases and outages.

They may import shared steps.
"""
