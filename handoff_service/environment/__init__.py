"""Reads the environment variables, and the keys in PATCHBOARD_HOME.

It may import errors.
"""
