"""Stored sentences: the reasons why a call to an entered address failed."""

from handoff_service.rules.shared.outside_addresses import SETTING
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.stored_sentences import recognized

FORBIDDEN = phrase(
    "The address belongs to this computer, or to a private or reserved network. To call it anyway, "
    "add its host or network to {setting}.",
    setting=SETTING,
)
INVALID = phrase("The address is not valid. Correct it.")
NOT_IN_TIME = phrase("No answer within {seconds} s.")
NOT_TRUSTED = phrase("Its certificate is not trusted.")
NOT_REACHED = phrase("It could not be reached.")
LOST = phrase("The connection was lost.")
NO_HTTPS = phrase("It is not https. To call it anyway, add {host} to {setting}.")
REDIRECTED = phrase("It answered with a redirect ({status}), which is not followed.")
ANSWERED = phrase("It answered {status}.")
PAUSED = phrase("It has not answered lately, so this call was not made.")
SWITCHED_OFF = phrase("The webhook was switched off before it got this event.")
_ALL = (
    FORBIDDEN,
    INVALID,
    NOT_IN_TIME,
    NOT_TRUSTED,
    NOT_REACHED,
    LOST,
    NO_HTTPS,
    REDIRECTED,
    ANSWERED,
    PAUSED,
    SWITCHED_OFF,
)


def failure_words(why: str) -> str:
    """The phrase for a stored reason. Returns any other text unchanged."""
    return recognized(why, _ALL)
