"""Rules of routing: queues, their conditions, assignment, what an offer shows.

They may import the rules of the desk.
"""
