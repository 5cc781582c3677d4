"""Rules of cases and outages, for example which cases are open.

They may import the rules of delivery.
"""
