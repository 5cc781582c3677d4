"""Commands of ``patchboard`` that need more than a line of ``cli.py``.

They may import everything but ``cli.py``."""
