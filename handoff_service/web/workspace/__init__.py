"""The workspace's pages: the list, a conversation, and the agents' actions on them.

These modules may import all other packages of ``web``, because the workspace adds their routes.
"""
