"""Reports: the background job that keeps the facts of conversations."""
