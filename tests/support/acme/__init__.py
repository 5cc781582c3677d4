"""Acme, a made-up SMS provider: what ``docs/how-to/add-a-provider.md`` says to write, and a server
to try it with."""
