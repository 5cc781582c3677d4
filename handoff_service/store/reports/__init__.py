"""Reports: the facts about conversations, packed by day, the figures from them, and replays.

These modules may import all other rooms of the store except privacy, training and the desk file.
"""
