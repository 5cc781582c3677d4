"""Reads what surrounds the service: environment variables, and the keys in PATCHBOARD_HOME.

It may import errors.
"""
