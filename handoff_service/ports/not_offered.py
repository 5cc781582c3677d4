"""The error for a feature that the SMS provider or the bot does not offer."""


class NotOffered(Exception):
    """The SMS provider or the bot does not offer this feature to this desk. The text names the
    feature and the fix."""
