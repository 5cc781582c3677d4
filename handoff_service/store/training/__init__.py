"""Queries about training: texts that wait for a label, labels, pinned texts and models.

These modules may import all other rooms of the store except privacy, reports and the desk file.
"""
