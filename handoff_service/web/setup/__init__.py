"""The set-up in the browser: from an empty database to the first answered text.

It may import the other surfaces except the workspace.
"""
