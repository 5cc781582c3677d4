"""Ports: what operations need from the outside world, one module for each outside system. Each port
has a real gateway, and most ports have a simple implementation that needs no outside service.

These modules may import store and rules.
"""
