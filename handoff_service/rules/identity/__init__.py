"""Rules of identity: matching numbers to people, levels and proofs.

These modules may import the shared rules.
"""
