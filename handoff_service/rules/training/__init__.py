"""Rules of the trainer: masking, sources and their order, clusters.

These modules may import all other rules.
"""
