"""Reports: the facts of conversations, their columns by day, figures, and replays.

These modules may import all other rooms of the store except privacy, training and the desk file.
"""
