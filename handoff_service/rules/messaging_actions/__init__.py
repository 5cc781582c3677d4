"""Rules of messaging actions: when they apply, the sentences that describe them, and the dry run.

These modules may import the rules of delivery.
"""
