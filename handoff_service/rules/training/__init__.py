"""Rules of the trainer: masking, the order of texts that wait for a label, clusters.

These modules may import all rules except those of reports, privacy and webhooks.
"""
