"""The simulated SMS provider, for trials and tests without an account.

These modules may import ports and lib.
"""
