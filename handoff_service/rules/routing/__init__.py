"""Rules of routing: queues, their conditions, assignment, what an offer shows.

These modules may import the rules of the desk.
"""
