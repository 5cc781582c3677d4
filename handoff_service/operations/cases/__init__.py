"""Cases, outages, and the outgoing webhook.

They may import shared steps.
"""
