"""Rules of cases and outages, for example when a case is open.

These modules may import the rules of delivery.
"""
