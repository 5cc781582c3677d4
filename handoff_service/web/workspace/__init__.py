"""The workspace's pages: the list, a conversation, and what agents do with them.

They may import all other surfaces, since the workspace carries them.
"""
