"""The virtual agent: any server with Rasa's REST channel, or no bot at all.

It may import ports, lib and rules.
"""
