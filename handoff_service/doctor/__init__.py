"""``patchboard doctor``: shows the settings, checks the database and the connections to other
services, and suggests a fix for each problem.

It may import everything but ``cli.py``, commands, the server and backup.
"""
