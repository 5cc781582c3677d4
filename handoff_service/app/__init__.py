"""Creates the objects of the service and connects them with each other. (For a practice run,
``practice/desk.py`` does this.)

It may import every other package except server, commands, doctor and backup, and not ``cli.py``.
"""
