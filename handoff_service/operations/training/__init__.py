"""The trainer: texts that wait for a label, labels, pinned texts, models.

They may import shared steps.
"""
