"""The commands of ``patchboard``, one module for each subject. The function ``add_commands`` of
each module declares the module's commands and their arguments.

These modules may import everything but ``cli.py``."""
