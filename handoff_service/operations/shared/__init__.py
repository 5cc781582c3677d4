"""Steps that operations of several rooms share: messages, joining, scheduling offers, field types.

These modules may import store and rules, and no room.
"""
