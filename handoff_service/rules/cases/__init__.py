"""Rules of cases and outages, for example which cases are open.

These modules may import the rules of delivery.
"""
