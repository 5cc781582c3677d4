"""Rules of conversations: states, who writes first, media, search.

These modules may import the shared rules.
"""
