"""Reports: the late job that keeps the facts of conversations."""
