"""Rules of consent: the keywords by which requesters opt out and opt in.

These modules may import the rules of the virtual agent, of the desk and of delivery, and the shared
rules.
"""
