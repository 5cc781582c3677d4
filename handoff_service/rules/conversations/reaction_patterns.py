"""The shapes of texts that are reactions: the words of ``reaction_words`` as regular expressions.

The patterns have no accents, because networks may replace accented letters. Remove the accents of a
text before matching. ``quoted`` and ``what`` (the emoji or its name) are groups.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handoff_service.rules.conversations import reaction_words as words
from handoff_service.rules.conversations.reaction_words import ATTACHMENTS, NAMES, THE, A

OPENING, CLOSING = "“\"„«‹‟”＂「『《'", "”\"“»›‟＂」』》'"
MOST_WORDS = 6  # in the name of a reaction


def without_accents(text: str) -> str:
    """The text with plain letters, because networks may replace accented ones. It keeps its
    length."""
    if text.isascii():
        return text
    return "".join(unicodedata.normalize("NFD", c)[0] for c in text)


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern on first use, because compiling all of them would slow down every start."""
    return re.compile(pattern, re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapback:
    #: The beginning of the text, in lower case and without accents.
    begin: str
    #: Beginnings, with their accents, that only phones write.
    sure: tuple[str, ...]
    pattern: str
    emoji: str


@functools.cache
def _thing(articles: frozenset[str]) -> str:
    """Return the pattern of an attachment with its article. It is long, and most patterns contain
    it, so its accents are removed only once."""
    marked = "|".join(re.escape(mark) for mark in sorted(articles, key=len, reverse=True))
    things = "|".join(sorted({re.escape(a) for a in ATTACHMENTS}, key=len, reverse=True))
    elided = "|[ld]'" if articles & THE else ""
    return without_accents(rf"(?P<thing>(?:(?:{marked}|\d+) {elided})(?:{things})(?:s|es)?)")


def _pattern(before: str, what: str, between: str, after: str, articles: frozenset[str]) -> str:
    parts = [part for part in (re.escape(before), what, re.escape(between)) if part]
    blank, maybe = (":? ", ":? ?") if parts else ("", "")
    begin = without_accents(" ".join(parts))
    end = without_accents(rf" {re.escape(after)}") if after else ""
    thing = _thing(articles)
    return rf"{begin}(?:{blank}{thing}|{maybe}{_QUOTED}){end}(?: ?(?:\.{{1,3}}|…))?"


_QUOTED = rf"(?P<quoted>[{OPENING}].*[{CLOSING}]|[{OPENING}][^{CLOSING}]+)"
_ALSO_WRITTEN = frozenset(verb.casefold() for verb in words.ALSO_WRITTEN) | {""}


def _tapbacks() -> Iterator[Tapback]:
    rows = [
        *(
            (verb.casefold(), "", emoji)
            for emoji, languages in words.VERBS.items()
            for verbs in languages.values()
            for verb in verbs
        ),
        *((before.casefold(), after, emoji) for before, after, emoji in words.AROUND),
    ]
    spelled: dict[tuple[str, str, str], list[str]] = {}
    for before, after, emoji in rows:
        spelled.setdefault((without_accents(before), after, emoji), []).append(before)
    for (begin, after, emoji), exact in spelled.items():
        sure = tuple(before for before in exact if before not in _ALSO_WRITTEN)
        yield Tapback(
            begin=begin, sure=sure, pattern=_pattern(begin, "", "", after, A), emoji=emoji
        )


TAPBACKS: Sequence[Tapback] = tuple(_tapbacks())
_EMOJI_LIKE = rf"(?:[0-9#*]\ufe0f?\u20e3|[^{OPENING}\w]){{1,40}}"
_WHAT = rf"(?P<what>{_EMOJI_LIKE}|{'|'.join(NAMES[words.STICKER])})"
_NAME = rf"(?P<what>\S+(?: \S+){{0,{MOST_WORDS - 1}}}?)"


def _patterns(table: Sequence[tuple[str, str, str]], what: str) -> Sequence[tuple[str, str]]:
    return tuple(
        (
            without_accents(before).casefold(),
            _pattern(before, what, between, after, A | THE),
        )
        for before, between, after in table
    )


def _quotation_first(before: str, between: str, after: str) -> tuple[str, str]:
    end = rf" {re.escape(after)}" if after else ""
    pattern = rf"{re.escape(before)}:? ?{_QUOTED} {re.escape(between)} {_WHAT}{end}"
    return without_accents(before).casefold(), without_accents(pattern)


EMOJI = (
    *_patterns(words.WITH_EMOJI, _WHAT),
    *(_quotation_first(*row) for row in words.EMOJI_AT_THE_END),
)
NAMED = _patterns(words.NAMED, _NAME)
REMOVALS = _patterns(words.REMOVED, _NAME)
IN_ANY_LANGUAGE = rf"(?P<what>{_EMOJI_LIKE}) \S+:? ?{_QUOTED}"
UNQUOTED = rf"(?P<what>{_EMOJI_LIKE}) (?:to|a|zu|auf|para) (?P<quoted>[^{OPENING}\s].*)"
ANY_WORD = frozenset(map(without_accents, words.ANY_REACTION))
BY_NAME = {without_accents(name): emoji for emoji, names in NAMES.items() for name in names}
LAST_WORDS = frozenset(
    without_accents(f"{attachment.split()[-1]}{s}")
    for attachment in ATTACHMENTS
    for s in ("", "s", "es")
) | {
    without_accents(after.split()[-1]).casefold()
    for after in [
        *(after for _, after, _ in words.AROUND if after),
        *(after for _, _, after in (*words.WITH_EMOJI, *words.NAMED, *words.REMOVED) if after),
    ]
}
