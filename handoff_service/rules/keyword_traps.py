"""Words that a carrier or Twilio takes as an order, so that no text may ask people to answer with them.

https://help.twilio.com/articles/223134027 lists the words that end consent.
"""

import re

OPT_OUT = ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")
OPT_IN = ("START", "YES", "UNSTOP")
_WORDS = "|".join(OPT_OUT)
_IN_CAPITALS = re.compile(rf"\b({_WORDS})\b")
_ASKED_FOR = re.compile(
    r"\b(?:reply|text|send|write|answer|respond|type|say)\b(?:\s+(?:us|back|with|the|word|keyword|message|to))*"
    rf"[\s\"'“‘«:]+({_WORDS})\b",
    re.IGNORECASE,
)


def asks_for_opt_out(text: str) -> str | None:
    """The opt-out keyword that this text asks people to answer with: in capitals, or behind ``reply`` and the like."""
    found = _IN_CAPITALS.search(text) or _ASKED_FOR.search(text)
    return found[1].upper() if found else None
