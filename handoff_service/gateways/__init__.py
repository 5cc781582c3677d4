"""Connections to the outside world. Each provider is one folder, and each port has a simple
implementation that needs no outside service."""
