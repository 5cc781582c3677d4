"""Rules of the virtual agent: commands, replies, choices, the SMS check of its texts.

These modules may import the rules of the desk and of delivery, and the shared rules.
"""
