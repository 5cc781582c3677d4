"""The desk file: read it, check it and import it as a whole.

These modules may import modules of every other folder in ``operations``, except reports and
privacy.
"""
