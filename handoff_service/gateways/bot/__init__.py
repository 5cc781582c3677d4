"""The virtual agent: any server with Rasa's REST channel, or no bot at all.

These modules may import ports, lib and rules.
"""
