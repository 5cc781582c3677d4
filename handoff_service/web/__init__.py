"""Everything that answers HTTP requests. A handler authenticates the caller, parses the request,
does one read or write, and answers."""
