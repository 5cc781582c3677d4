"""Rules of webhooks: which events there are, what each one says, how calls are signed and retried.

They may import the rules that several rooms share.
"""
