"""The set-up in the browser: from an empty database to the first answered text.

These modules may import the other surfaces except the workspace.
"""
