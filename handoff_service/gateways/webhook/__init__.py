"""The outgoing webhook over HTTP, as Standard Webhooks has it.

It may import ports and rules.
"""
