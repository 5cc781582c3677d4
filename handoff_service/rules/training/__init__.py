"""Rules of the trainer: masking, sources and their order, clusters.

They may import all other rules.
"""
