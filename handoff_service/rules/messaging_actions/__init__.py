"""Rules of messaging actions: when they apply, the sentences that describe them, and the dry run.

These modules may import the rules of the virtual agent, of the desk and of delivery, and the shared
rules.
"""
