"""Reports: the facts of conversations, their columns by day, and figures."""
