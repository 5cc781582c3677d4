"""The product's operations, one per file. Each is a synchronous function on a transaction: load,
decide, write."""
