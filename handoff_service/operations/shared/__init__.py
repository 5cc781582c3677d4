"""Steps that operations of several rooms share: messages, joining, scheduling offers, field types.

They may import store and rules, and no room.
"""
