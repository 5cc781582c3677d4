"""Rules of routing: queues, their conditions, assignment, what an offer shows.

These modules may import the rules of the virtual agent, of the desk and of delivery, and the shared
rules.
"""
