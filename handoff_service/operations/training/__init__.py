"""The trainer: texts that wait for a label, labels, pinned texts, models.

These modules may import shared steps.
"""
