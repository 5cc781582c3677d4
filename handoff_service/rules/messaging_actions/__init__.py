"""Rules of messaging actions: table 4, its sentence, its dry run.

These modules may import the rules of delivery.
"""
