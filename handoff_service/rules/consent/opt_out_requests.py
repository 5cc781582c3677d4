"""Opt-out requests without a keyword, and texts from people who do not know this number.

Consent can be revoked in any words that a reasonable person would understand as a request to stop
(47 CFR 64.1200(a)(10), https://www.ecfr.gov/current/title-47/section-64.1200). A help desk gets
"stop", "cancel" and "remove me from the list" about computers all day, so the tables prefer
precision: a pattern must match the whole text, apart from courtesies around it. Exception: a text
with a keyword as its first or last sentence is ``LIKELY``.

- ``CLEAR`` opts out, as a keyword does.
- ``LIKELY``: the desk asks one question first, because the text could be about something else.
- ``LIKELY_AT_FIRST`` is likely only as the first text of a conversation. A later text with these
  words is an answer to a question.

The tables cover English and Spanish. The admin's own opt-out keywords are a separate table for all
languages.
"""

import re
import unicodedata
from enum import StrEnum

from handoff_service.rules.consent.opt_out_patterns import (
    CLEAR,
    KEYWORD_AND,
    LEAD,
    LIKELY,
    LIKELY_AT_FIRST,
    TAIL,
    WRONG_NUMBER,
    WRONG_NUMBER_AT_FIRST,
)
from handoff_service.rules.shared.mail_signature import without_signature

LONGEST = 120  # characters of an opt-out request; our own limit, because longer texts need a person


class OptOutIntent(StrEnum):
    """The meaning of a text without a keyword: a clear or likely opt-out request, or a text from
    somebody who does not know this number."""

    CLEAR = "clear"
    LIKELY = "likely"
    WRONG_NUMBER = "wrong_number"


def _whole(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"{LEAD}(?:{'|'.join(patterns)}){TAIL}")


_CLEAR = re.compile(rf"{_whole(*CLEAR).pattern}|{KEYWORD_AND}")
_LIKELY, _AT_FIRST = _whole(*LIKELY), _whole(*LIKELY, *LIKELY_AT_FIRST)
_WRONG_NUMBER, _WRONG_NUMBER_AT_FIRST = (
    re.compile(WRONG_NUMBER),
    re.compile(f"{WRONG_NUMBER}|{WRONG_NUMBER_AT_FIRST}"),
)
# Every pattern contains one of these. Most texts contain none and need no further check.
_QUICK_CHECK = re.compile(
    r"\b(?:stop|sto+p|stp|stpo|sotp|sto|quit|ceas|discontinu|tex|txt|sms|msg|mess|mens|list"
    r"|number|uns"
    r"|un s|opt|remov|delet|tak|lose|forget|get|consent|agree|revoc|revok|withdraw|cancel|end|leav"
    r"|let|alone|away|off"
    r"|interest|wrong|numer"
    r"|baja|paz|molest|escrib|mand|contact|moment|d[eo]sus|desub|suscr|borr|elim|saq|sac"
    r"|quit|remu|retir|basta|alto|par[aeo]"
    r"|deten|ces|vuelv|volv|autori|acept|desins|no m|enough|out|send|want"
    r"|equivoc|fuck|f off|piss|sign|ask|subscri|unen|unre)"
)
_MARKS = re.compile(r"[^\w]+")
_SENTENCES = re.compile(r"[.!?\n]+(?=\s|$)")
_KEYWORD_SENTENCE = re.compile(
    r"(?:(?:please|just) )?(?:stop|stop ?all|unsubscribe|opt ?out)(?: (?:now|please|it|texting))?"
)
_SPELLED = re.compile(r"\b(?:\w ){2,}\w\b")  # letter by letter: s t o p


def opt_out_intent(text: str, *, first: bool) -> OptOutIntent | None:
    """The meaning of a text that is not a keyword. None: it has no such meaning. ``first``: the
    text starts its conversation."""
    plain = folded(text)
    if len(plain) > LONGEST or not _QUICK_CHECK.search(plain):
        return None
    if _CLEAR.fullmatch(plain):
        return OptOutIntent.CLEAR
    if (_AT_FIRST if first else _LIKELY).fullmatch(plain) or _has_keyword_sentence(text):
        return OptOutIntent.LIKELY
    return (
        OptOutIntent.WRONG_NUMBER
        if (_WRONG_NUMBER_AT_FIRST if first else _WRONG_NUMBER).fullmatch(plain)
        else None
    )


def _has_keyword_sentence(text: str) -> bool:
    """Whether the first or the last sentence is a keyword: "Too many texts. Stop." """
    sentences = [plain for part in _SENTENCES.split(text) if (plain := folded(part))]
    return len(sentences) > 1 and any(
        _KEYWORD_SENTENCE.fullmatch(sentence) for sentence in (sentences[0], sentences[-1])
    )


def folded(text: str) -> str:
    """The text as consent rules compare it: without signature, case, accents and punctuation, with
    single spaces."""
    kept = without_signature(text)
    if not kept.isascii():
        apart = unicodedata.normalize("NFKD", kept.casefold())
        kept = unicodedata.normalize(
            "NFC", "".join(c for c in apart if not unicodedata.combining(c))
        )
    plain = _MARKS.sub(
        " ", kept.casefold().replace("'", "").replace("\u2019", "").replace("_", " ")
    ).strip()
    return _SPELLED.sub(lambda found: found[0].replace(" ", ""), plain)
