"""Steps that several folders of operations share: messages, live groups, scheduling offers, field
types.

These modules may import ``store`` and ``rules``, but no other folder of ``operations``.
"""
