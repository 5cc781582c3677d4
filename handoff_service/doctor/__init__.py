"""``patchboard doctor``: shows the settings, checks every connection and suggests a fix for each
problem.

It may import everything but commands, the server and backup.
"""
