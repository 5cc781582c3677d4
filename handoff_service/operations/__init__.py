"""The product's operations, one topic per file. Each operation is a synchronous function that loads
facts, decides and writes within one transaction."""
