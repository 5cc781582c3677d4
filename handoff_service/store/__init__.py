"""Queries, and the engine that runs them.

They may import lib, rules and the process-wide modules (settings, log, clock, metrics, errors).
"""
