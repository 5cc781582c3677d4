"""The outgoing webhook over HTTP, following Standard Webhooks.

It may import ports and rules.
"""
