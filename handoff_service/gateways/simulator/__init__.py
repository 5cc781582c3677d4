"""The simulated SMS provider that ships, for trying and testing without an account.

It may import ports and lib.
"""
