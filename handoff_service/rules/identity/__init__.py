"""Rules of identity: matching numbers to people, levels and proofs.

They may import the shared rules.
"""
