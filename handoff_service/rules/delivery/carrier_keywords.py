"""Words that carriers and SMS providers treat as commands, so no text may ask people to reply with
them.

The lists contain the opt-out keywords of 47 CFR 64.1200(a)(10), and all keywords of the SMS
providers. The tests of a provider that has keywords compare its list with these.
"""

import re

OPT_OUT = ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")
SPELLED = ("OPT OUT", "STOP ALL", "UN SUBSCRIBE")  # other spellings, also with a hyphen
OPT_IN = ("START", "YES", "UNSTOP")
OTHER = (*OPT_IN, "HELP", "INFO")


def _any(words: tuple[str, ...]) -> str:
    """Build the pattern for one of these words. The longest match comes first."""
    return "|".join(word.replace(" ", "[ -]") for word in sorted(words, key=len, reverse=True))


def _in_capitals(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b({_any(words)})\b")


def _asked_for(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        r"\b(?:reply|text|send|write|answer|respond|type|say)\b"
        r"(?:\s+(?:us|back|with|the|word|keyword|message|to))*"
        rf"[\s\"'“‘«:]+({_any(words)})\b",
        re.IGNORECASE,
    )


_OUT = OPT_OUT + SPELLED
_OPT_OUT_PATTERNS = (_in_capitals(_OUT), _asked_for(_OUT))
_ALL_PATTERNS = (_in_capitals(_OUT + OTHER), _asked_for(_OUT + OTHER))


def asks_for_opt_out(text: str) -> str | None:
    """The opt-out keyword that this text asks people to reply with: in capitals, or after ``reply``
    and the like. None: it asks for none."""
    return _first(_OPT_OUT_PATTERNS, text)


def asks_for_keyword(text: str) -> str | None:
    """Like ``asks_for_opt_out``, but also finds opt-in and help keywords. No text of the bot may
    ask for these replies."""
    return _first(_ALL_PATTERNS, text)


def _first(patterns: tuple[re.Pattern[str], ...], text: str) -> str | None:
    found = next((found for pattern in patterns if (found := pattern.search(text))), None)
    return found[1].upper() if found else None
