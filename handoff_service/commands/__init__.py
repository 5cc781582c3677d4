"""The commands of ``patchboard``, one module for each subject. ``cli.py`` calls the function
``add_commands`` of a module, which declares the module's commands and their arguments.

These modules may import everything but ``cli.py``."""
