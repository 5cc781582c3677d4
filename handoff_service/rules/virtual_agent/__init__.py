"""Rules of the virtual agent: commands, replies, choices, the SMS check of its texts.

They may import the rules of the desk and of delivery.
"""
