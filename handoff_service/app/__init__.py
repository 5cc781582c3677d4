"""Creates the objects of the service and connects them with each other. No other package does
this.

It may import every other package except server, commands, doctor and backup.
"""
