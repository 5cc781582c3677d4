"""Reports: the facts of a conversation, the figures that are made of them, and ranges of days."""
