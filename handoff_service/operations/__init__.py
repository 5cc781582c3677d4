"""What the product does, one verb a file. Plain synchronous functions on a transaction: load,
decide, write."""
