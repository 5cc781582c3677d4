"""Outages: the announcement about a service that is down, and the period in which it applies."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handoff_service.rules.delivery.carrier_keywords import asks_for_opt_out
from handoff_service.rules.delivery.sms_characters import described, is_visible, nothing_visible
from handoff_service.rules.delivery.sms_text import segments
from handoff_service.rules.shared.phrases import phrase

_WORD = re.compile(r"\w+")
_STOP_WORDS = frozenset(  # words that also occur in unrelated titles and texts
    [
        *(
            "a",
            "all",
            "and",
            "are",
            "at",
            "for",
            "in",
            "is",
            "my",
            "no",
            "not",
            "of",
            "on",
            "our",
            "out",
            "some",
        ),
        *(
            "the",
            "to",
            "we",
            "with",
            "building",
            "everywhere",
            "floor",
            "main",
            "office",
            "service",
            "system",
        ),
        *("down", "issue", "outage", "partly", "problem", "slow", "unavailable", "working"),
    ]
)
_ANSWERING = frozenset(  # words of texts that ask or answer a question
    [
        *("again", "broken", "case", "fixed", "i", "it", "just", "reply", "resolved", "still"),
        *("that", "this", "works", "work", "you", "your", "me", "but", "can", "cannot", "be"),
        *("de", "el", "en", "es", "la", "los", "mi", "no", "se", "su", "sigue", "sin", "funciona"),
        *("funcionar", "caso", "resuelto", "responder", "con", "ya", "igual", "ha", "basta"),
    ]
)
_SAME = {"email": "mail", "outlook": "mail", "internet": "network", "wlan": "wifi"}


class Titled(Protocol):
    """An object that has the title of an outage."""

    @property
    def title(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageFields:
    """``text``: what the virtual agent tells requesters. ``until``: the end; None while it is
    unknown."""

    title: str
    text: str
    since: datetime
    until: datetime | None = None
    active: bool = True

    def is_current(self, at: datetime) -> bool:
        """Whether the outage is announced at this moment."""
        return self.active and self.since <= at and (self.until is None or at < self.until)


def about[T: Titled](outages: Iterable[T], text: str) -> list[T]:
    """The outages that the requester's text mentions by a word of the title: "is the vpn down"
    mentions "VPN in Chicago"."""
    words = _topic_words(text)
    return [outage for outage in outages if words & _topic_words(outage.title)]


def _topic_words(text: str) -> set[str]:
    words = set(_WORD.findall(text.casefold().replace("-", "")))
    about = {word.removesuffix("s") for word in words - _STOP_WORDS if not word.isdigit()}
    return {_SAME.get(word, word) for word in about - _STOP_WORDS}


_PROBLEM = re.compile(
    r"\b(?:down|outages?|offline|broken?|issues?|problems?|slow|errors?|fail\w*|stuck|lost"
    r"|can'?t|cannot|won'?t|don'?t|doesn'?t|isn'?t|aren'?t|(?:is|are|does|do|will|can|could) not"
    r"|not work\w*|stopped|dropp\w+|no (?:access|connection)|unable|impossible|unavailable"
    r"|unreachable|tim(?:es?|ed|ing) ?out|crash\w*|fr[eo]+z\w*"
    r"|ca[ií]d\w*|cay[oó]|no (?:me |se )?(?:funciona|sirve|anda|puedo|conecta|carga|deja)"
    r"|sin (?:acceso|servicio|conexi[oó]n|internet|red)|fall\w+|problemas?|lent\w+"
    r"|(?:geht|gehen|funktionier\w*|l[aä]uft|laufen|kann|k[oö]nnen)(?: \w+){0,4} nicht"
    r"|ausfall|ausgefallen|gest[oö]rt|st[oö]rung|kaputt|langsam|fehler\w*"
    r"|kein(?:e|en)? (?:zugriff|zugang|verbindung|internet|netz)"
    r"|(?:ne |n')(?:\w+ )?\w+ (?:pas|plus)|(?:marche|fonctionne|r[eé]pond) (?:pas|plus)"
    r"|panne|probl[eè]mes?|erreurs?|coup[eé]e?s?)\b",
    re.IGNORECASE,
)


def reports(outage: Titled, text: str) -> bool:
    """Whether a requester's text reports this outage: "the vpn is down", but not "how do I set up
    the vpn"."""
    return _PROBLEM.search(text.replace("’", "'")) is not None and bool(about([outage], text))


def shares_topic(one: str, other: str) -> bool:
    """Whether two texts share a word that names their subject."""
    return bool(_topic_words(one) & _topic_words(other) - _ANSWERING)


def errors(outage: OutageFields) -> dict[str, str]:
    """Return field -> its error; empty if the outage can be saved."""
    found = {}
    if wrong := _text_error(outage.text):
        found["text"] = wrong
    if outage.until is not None and outage.until <= outage.since:
        found["until"] = phrase("must be later than “Since”")
    return found


def _text_error(text: str) -> str | None:
    if not is_visible(text):
        return nothing_visible(text)
    if keyword := asks_for_opt_out(text):
        return phrase(
            "asks people to reply {keyword}, which opts them out of all texts; use another word",
            keyword=keyword,
        )
    counted = segments(text)
    if counted.count > 1:
        if counted.forced_by is None:
            return phrase("must fit in one segment; it takes {count}", count=counted.count)
        return phrase(
            "must fit in one segment; it takes {count} because of {character}",
            count=counted.count,
            character=described(counted.forced_by),
        )
    return None
