"""Reports: the facts of a conversation, the figures computed from them, and date ranges."""
