"""Rules of conversations: states, who writes first, media, search.

They may import the shared rules.
"""
