"""The simulated SMS provider, for trials and tests without an account."""
