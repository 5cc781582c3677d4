"""Everything that answers HTTP requests. A handler checks who sends the request, parses it, does
one read or write, and answers."""
