"""The queries, and the engine that runs them.

These modules may import lib, rules and the process-wide modules (settings, log, clock, metrics,
errors).
"""
