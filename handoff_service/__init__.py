"""Patchboard: a text-message help desk that a company runs itself."""

__version__ = "0.1.0"
