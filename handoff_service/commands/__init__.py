"""The commands of ``patchboard``, one module for each subject. ``add_commands`` declares a module's
commands and their arguments.

They may import everything but ``cli.py``."""
