"""The workspace's pages: the list, a conversation, and the agents' actions.

These modules may import all other packages of ``web``, because ``workspace.py`` adds their routes.
"""
