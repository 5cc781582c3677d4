"""Connections to other systems. Each SMS provider has a folder. Most ports (see ``ports``) also
have a simple implementation that needs no other system.

The packages here may import the layers below ``gateways`` and the modules in this folder, but not
each other."""
