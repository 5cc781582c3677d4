"""Rules of cases and outages, for example when a case is open.

These modules may import the rules of the virtual agent, of the desk and of delivery, and the shared
rules.
"""
