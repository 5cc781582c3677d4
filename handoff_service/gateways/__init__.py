"""Connections to other systems. Each SMS provider has a folder. Each port (see ``ports.py``) also
has a simple implementation that needs no other system."""
