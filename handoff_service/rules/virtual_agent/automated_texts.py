"""Texts that a machine sent: verification codes of other services, delivery notices, marketing.

The virtual agent never answers them, because an answer costs money and can start a loop between two
machines. The patterns prefer precision: a pattern matches the beginning of the text, or words that
people do not write about their own computer.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum


class AutomatedText(StrEnum):
    """The kind of an automated text, in the words that agents see."""

    VERIFICATION_CODE = "a verification code"
    MARKETING = "marketing"
    DELIVERY = "a delivery notice"


_NAME = r"[\w.&' -]{1,30}"
PATTERNS: Mapping[AutomatedText, tuple[str, ...]] = {
    AutomatedText.VERIFICATION_CODE: (
        rf"^(?:<#> ?)?(?:\[?{_NAME}\]?:? )?your (?:{_NAME} )?"
        rf"(?:verification|security|login|sign-?in|"
        r"confirmation|one[- ]time|authentication|access) (?:code|passcode|pin|password)"
        r"(?: for [^:]{1,40})?"
        r"(?: is)?:? ?[a-z]?-?\d{4,8}\b",
        rf"^(?:<#> ?)?\d{{4,8}} is your (?:{_NAME} )?(?:verification |security |login |one[- ]time "
        r"|confirmation |access )?(?:code|passcode|pin|otp)\b",
        rf"^g-\d{{6}} is your {_NAME}",
        rf"^(?:use )?(?:code )?\d{{4,8}} (?:to|as your) "
        rf"(?:verify|log ?in|sign ?in|confirm|otp|{_NAME} code)\b",
        rf"^(?:tu|su) (?:{_NAME} )?c[oó]digo (?:de {_NAME} )?(?:es|:) ?:? ?\d{{4,8}}\b",
        rf"^(?:{_NAME}: )?\d{{4,8}} es (?:tu|su) c[oó]digo\b",
        rf"^(?:dein|ihr) (?:{_NAME}[- ])?\w*code (?:ist|lautet):? ?\d{{3}}[ -]?\d{{1,5}}\b",
        rf"^(?:ton|votre) code (?:de |d')?(?:{_NAME} )?(?:est|:):? ?\d{{3}}[ -]?\d{{1,5}}\b",
    ),
    AutomatedText.MARKETING: (
        r"\b(?:reply|text|txt|send|responda|envie|envíe) ['\"]?(?:stop|alto|end|unsubscribe)['\"]?"
        r" (?:to|2|for|para) (?:opt[- ]?out|end|unsubscribe|quit|stop|cancel|cancelar|salir|unsub)",
        r"\b(?:reply|text|responda) ['\"]?(?:yes|y|info|join|s[ií])['\"]? "
        r"(?:or|to|for|o|para)\b",
        r"\bmsg ?(?:&|and) ?data rates (?:may )?apply\b",
        r"\bstop ?2 ?(?:end|stop|quit)\b|\bstop=(?:end|quit|stop)\b",
    ),
    AutomatedText.DELIVERY: (
        r"^(?:usps|ups|fedex|dhl|amazon)\b[:,]? .*\b"
        r"(?:package|parcel|shipment|delivery|order)\b.*https?://",
        r"^your (?:usps |ups |fedex |dhl |amazon )?(?:package|parcel|order)\b.*\b"
        r"(?:out for delivery"
        r"|has been (?:delivered|shipped)|was delivered|has shipped|is on its way|arriv\w+)\b.*"
        r"(?:https?://|track)",
    ),
}
_COMPILED = {
    kind: re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE | re.DOTALL)
    for kind, patterns in PATTERNS.items()
}


def automated(text: str) -> AutomatedText | None:
    """The kind of an automated text. None for a text that a person may have written."""
    one_line = " ".join(text.replace("\u2019", "'").split())
    return next((kind for kind, pattern in _COMPILED.items() if pattern.search(one_line)), None)


def all_automated(texts: Sequence[str]) -> AutomatedText | None:
    """The kind of the first text if a machine sent all of these texts, else None."""
    kinds = [automated(text) for text in texts]
    return kinds[0] if kinds and all(kinds) else None
