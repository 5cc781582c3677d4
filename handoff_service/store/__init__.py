"""The queries and row changes that operations and pages share, and the engine that runs them.

These modules may import lib, rules and the process-wide modules (settings, log, clock, metrics,
environment, errors).
"""
