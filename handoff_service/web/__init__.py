"""The HTTP edge: one module per surface. A handler verifies, parses, does one read or write, and
answers."""
