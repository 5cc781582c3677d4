"""Training: texts that wait for a label, labels, pinned texts, models, practice runs.

These modules may import shared steps.
"""
