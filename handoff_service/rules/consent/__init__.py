"""Rules of consent: the keywords by which requesters end and give it.

They may import the rules of the virtual agent and of delivery.
"""
