"""Rules of what admins set up: attributes, labels, macros, identity providers, service tokens,
system messages and templates. Also the rules of the audit log.

These modules may import the rules of delivery and the shared rules.
"""
