"""Rules of the desk's own texts: system messages and templates.

These modules may import the rules of delivery.
"""
