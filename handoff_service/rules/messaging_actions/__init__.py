"""Rules of messaging actions: table 4, its sentence, its dry run.

They may import the rules of delivery.
"""
