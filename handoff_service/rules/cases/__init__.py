"""Rules of cases: what is open, outages, the outgoing webhook.

They may import the rules of delivery.
"""
