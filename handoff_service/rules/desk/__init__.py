"""Rules of the desk's own texts: system messages and templates.

They may import the rules of delivery.
"""
