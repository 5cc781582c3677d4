"""The workspace's pages: the list, conversations, the agents' actions, search, practice, accounts
and sign-in.

These modules may import all other packages of ``web``, because ``workspace.py`` adds their routes.
"""
