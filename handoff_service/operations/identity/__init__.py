"""Identity: messaging profiles, proofs, codes, verification and its undo.

They may import shared steps, cases and the virtual agent.
"""
