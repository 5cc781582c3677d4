"""The error for a feature that the SMS provider or the bot does not offer."""


class NotOffered(Exception):
    """The provider does not offer this feature to the company's account. The text names the feature
    and the fix."""
