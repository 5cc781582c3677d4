"""The product's actions, one verb per file. They are plain synchronous functions on a transaction:
load, decide, write."""
