"""Rules of identity: matching numbers to people, levels and proofs.

These modules may import the rules of the virtual agent, of the desk and of delivery, and the shared
rules.
"""
