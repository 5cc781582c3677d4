"""Ports: what operations need from the outside world, one module for each outside system. Each port
has a real gateway and a simple implementation that needs no outside service.

It may import store and rules.
"""
