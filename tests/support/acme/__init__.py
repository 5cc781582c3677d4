"""Acme, a made-up SMS provider, written as ``docs/how-to/add-a-provider.md`` describes, and a
server to try it with."""
