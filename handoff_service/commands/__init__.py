"""The commands of ``patchboard``, one module for each subject. ``add_commands`` declares a module's
commands and their arguments.

These modules may import everything but ``cli.py``."""
