"""Commands of ``patchboard``."""
