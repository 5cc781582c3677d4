"""Rules of cases: what is open, outages.

They may import the rules of delivery.
"""
