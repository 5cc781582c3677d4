"""The set-up in the browser, from an empty database to the first answered text.

These modules may import all other packages of ``web`` except the workspace.
"""
