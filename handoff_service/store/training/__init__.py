"""Queries of the trainer: texts that wait for a label, labels, pinned texts, models.

These modules may import all other rooms of the store but the desk file.
"""
