"""Reports: the job that stores the facts of conversations, and dry runs of routing changes."""
