"""The edge: one surface a file. Verify, parse, one write or read, answer."""
