"""The virtual agent as any server with Rasa's REST channel, and its plain twin: no bot.

It may import ports and lib.
"""
