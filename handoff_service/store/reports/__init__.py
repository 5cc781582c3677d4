"""Reports: facts of conversations, their columns by day, and figures."""
