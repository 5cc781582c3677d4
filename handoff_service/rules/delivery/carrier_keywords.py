"""Words that a carrier or Twilio takes as an order, so that no text may ask people to answer with them.

https://help.twilio.com/articles/223134027 lists the words that end consent, give it and ask for help.
"""

import re

OPT_OUT = ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")
OPT_IN = ("START", "YES", "UNSTOP")
OTHER = (*OPT_IN, "HELP", "INFO")


def _in_capitals(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(words)})\b")


def _asked_for(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        r"\b(?:reply|text|send|write|answer|respond|type|say)\b(?:\s+(?:us|back|with|the|word|keyword|message|to))*"
        rf"[\s\"'“‘«:]+({'|'.join(words)})\b",
        re.IGNORECASE,
    )


_OPT_OUT_PATTERNS = (_in_capitals(OPT_OUT), _asked_for(OPT_OUT))
_ALL_PATTERNS = (_in_capitals(OPT_OUT + OTHER), _asked_for(OPT_OUT + OTHER))


def asks_for_opt_out(text: str) -> str | None:
    """The opt-out keyword that this text asks people to answer with: in capitals, or behind ``reply`` and the like."""
    return _first(_OPT_OUT_PATTERNS, text)


def asks_for_keyword(text: str) -> str | None:
    """As ``asks_for_opt_out``, with the words that give consent or ask for help too: no answer of a bot's topic."""
    return _first(_ALL_PATTERNS, text)


def _first(patterns: tuple[re.Pattern[str], ...], text: str) -> str | None:
    found = next((found for pattern in patterns if (found := pattern.search(text))), None)
    return found[1].upper() if found else None
