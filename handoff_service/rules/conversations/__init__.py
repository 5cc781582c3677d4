"""Rules of conversations: states, who writes first, media, search.

These modules may import the rules of the virtual agent, of the desk and of delivery, and the shared
rules.
"""
