"""Identity: messaging profiles, proofs, codes, verification and its undo.

These modules may import shared steps, cases and the virtual agent.
"""
