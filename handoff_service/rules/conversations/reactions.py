"""Reactions that phones send as texts: a tapback, or an emoji on a message, quoting the message
that it is about.

Phones do this where the other side has no reactions, as over SMS. ``reaction_words`` has the words
and their sources.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from handoff_service.rules.conversations import reaction_words as words
from handoff_service.rules.conversations.reaction_words import (
    ALSO_SAID,
    ANY_REACTION,
    ATTACHMENTS,
    NAMES,
    THE,
    A,
)
from handoff_service.rules.delivery.sms_characters import INVISIBLE_NAMES, is_visible
from handoff_service.rules.virtual_agent.bot_text import plain

OPENING, CLOSING = "“\"„«‹‟”＂「『《'", "”\"“»›‟＂」』》'"
_CUT = re.compile(r"\s*(…|\.\.\.?)\s*$")
_QUOTE_MARKS = frozenset(OPENING + CLOSING) - {"'"}
_OBJECT = "\ufffc"  # what represents a picture in a text
_SURE_PREFIX = (
    # Without a cut mark, a beginning of a message with this many letters and digits counts as a
    # quote.
    16
)
MOST_WORDS = 6  # of the name of a reaction
_ONE_KIND = {"\u2018": "'", "\u2019": "'", "\u201b": "'", "\u02bc": "'", "\u00b4": "'", "`": "'"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """``emoji``: empty for a removal that does not name it. ``quoted``: the words of the message
    that it is about; None: it is about a picture or another attachment. ``sure``: people write no
    such text themselves; without it only a message with these words makes it a reaction."""

    emoji: str
    removed: bool = False
    quoted: str | None = None
    sure: bool = True


def read(text: str) -> Reaction | None:
    """The reaction that a text is; None for an ordinary text."""
    cleaned = _clean(text)
    return next(_readings(cleaned), None) if _may_be(cleaned) else None


def _readings(text: str) -> Iterator[Reaction]:
    folded = text.casefold()
    lower = text[:1].islower()
    for verb, pattern, emoji in _TAPBACKS:
        if folded.startswith(verb) and (found := _compiled(pattern).fullmatch(text)):
            sure = verb not in _ALSO_SAID and not lower
            yield _about(found, emoji, sure=sure)
    for before, pattern in _EMOJI:
        if (
            folded.startswith(before)
            and (found := _compiled(pattern).fullmatch(text))
            and (shown := _emoji(found["what"]))
        ):
            yield _about(found, shown)
    for before, pattern in _NAMED:
        if (
            folded.startswith(before)
            and (found := _compiled(pattern).fullmatch(text))
            and (shown := _named(found["what"]))
        ):
            yield _about(found, shown)
    for before, pattern in _REMOVALS:
        found = _compiled(pattern).fullmatch(text) if folded.startswith(before) else None
        if found and (taken := _named(found["what"])) is not None:
            yield replace(_about(found, taken), removed=True)
    if (found := _UNQUOTED.fullmatch(text)) and (shown := _emoji(found["what"])):
        yield Reaction(emoji=shown, quoted=found["rest"], sure=False)


def _may_be(text: str) -> bool:
    """Whether to look closer. Most texts quote nothing, begin with no emoji and end with other
    words."""
    if any(mark in text for mark in _QUOTE_MARKS) or " '" in text or any(map(_pictures, text[:1])):
        return True
    return text.rpartition(" ")[2].strip(" .…").casefold() in _LAST_WORDS


def quotes(reaction: Reaction, body: str) -> bool:
    """Whether the message with this body is what the reaction quotes: whole, cut, or with other
    quotation marks."""
    if reaction.quoted is None:
        return False
    cut = _CUT.search(reaction.quoted)
    quoted, whole = _key(_CUT.sub("", reaction.quoted)), _key(body)
    if quoted == whole:
        return bool(quoted)
    return whole.startswith(quoted) and (
        len(quoted) >= _SURE_PREFIX or (cut is not None and bool(quoted))
    )


def is_same(emoji: str, other: str) -> bool:
    """Whether two emoji are one: how they are drawn, and the tone of their skin, make no
    difference."""
    return [c for c in emoji if not _is_tone(c)] == [c for c in other if not _is_tone(c)]


def is_emoji(text: str) -> bool:
    """Whether a text is one emoji or a few, and nothing else."""
    if not text or len(text) > 40:
        return False
    keycap = "\u20e3" in text
    return any(map(_pictures, text)) and all(
        _in_emoji(c) or (keycap and c in "0123456789#*") for c in text
    )


def _about(found: re.Match[str], emoji: str, *, sure: bool = True) -> Reaction:
    if found["quoted"] is None:
        return Reaction(emoji=emoji, sure=sure)
    quotation = found["quoted"]
    closed = len(quotation) > 1 and quotation[-1] in CLOSING
    quoted = quotation[1 : -1 if closed else None].strip()
    if not is_visible(quoted.replace(_OBJECT, "")):
        return Reaction(emoji=emoji, sure=sure)
    whole = (closed and quotation[0] != "'") or quoted.endswith(("…", "..."))
    sure = sure and whole and not any(mark in quoted for mark in _QUOTE_MARKS)
    return Reaction(emoji=emoji, quoted=quoted, sure=sure)


def _clean(text: str) -> str:
    """Without the hair spaces and zero-width marks that Android puts around its emoji, and with
    plain apostrophes."""
    kept = "".join(
        c
        for c in unicodedata.normalize("NFC", text)
        if c not in INVISIBLE_NAMES or c in "\u200d\ufe0f"
    )
    return " ".join("".join(_ONE_KIND.get(c, c) for c in kept).split())


def _key(text: str) -> str:
    """A message as it is compared: its letters and digits; networks lose blanks and change
    marks."""
    return plain(text).replace(" ", "") or "".join(
        c for c in text if c not in INVISIBLE_NAMES and not c.isspace()
    )


def _emoji(what: str) -> str | None:
    what = what.strip(" '" + "".join(_QUOTE_MARKS))
    if plain(what) in NAMES[words.STICKER]:
        return words.STICKER
    return what if is_emoji(what) else None


def _named(what: str) -> str | None:
    """The emoji of the reaction that a text names; empty: any; None: it names no reaction."""
    beside = A | THE | ANY_REACTION | {"emoji"}
    shown = [emoji for word in what.split() if (emoji := _emoji(word))]
    rest = [word for word in what.split() if not _emoji(word) and plain(word) not in beside]
    if shown and not rest:
        return "".join(shown)
    name = " ".join(filter(None, map(plain, rest)))
    if not name:
        return "" if ANY_REACTION & set(plain(what).split()) else None
    return _BY_NAME.get(name)


def _pictures(c: str) -> bool:
    kind = unicodedata.category(c)
    return (
        (kind == "So" and c != _OBJECT) or (kind == "Sm" and c >= "\u2190") or c in "‼⁉\u20e3〰〽"
    )


def _in_emoji(c: str) -> bool:
    return _pictures(c) or c == " " or _is_tone(c) or c == "\u200d" or _TAGS[0] <= c <= _TAGS[1]


def _is_tone(c: str) -> bool:
    return c in "\ufe0f\ufe0e" or _SKIN[0] <= c <= _SKIN[1]


_SKIN, _TAGS = ("\U0001f3fb", "\U0001f3ff"), ("\U000e0020", "\U000e007f")


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile on first use. Compiling all patterns would slow every start."""
    return re.compile(pattern, re.IGNORECASE)


def _pattern(before: str, what: str, between: str, after: str, articles: frozenset[str]) -> str:
    marked = "|".join(re.escape(mark) for mark in sorted(articles, key=len, reverse=True))
    things = "|".join(sorted({re.escape(a) for a in ATTACHMENTS}, key=len, reverse=True))
    elided = "|[ld]'" if articles & THE else ""
    thing = rf"(?:(?:{marked}|\d+) {elided})(?:{things})(?:s|es)?"
    quoted = rf"[{OPENING}].*[{CLOSING}]|[{OPENING}][^{CLOSING}]+"
    target = rf"(?P<thing>{thing})|(?P<quoted>{quoted})"
    parts = [re.escape(before), what, re.escape(between), f"(?:{target})", re.escape(after)]
    return " ".join(part for part in parts if part) + r"(?: ?(?:\.{1,3}|…))?"


_TAPBACKS: Sequence[tuple[str, str, str]] = (
    *(
        (verb.casefold(), _pattern(verb, "", "", "", A), emoji)
        for emoji, languages in words.VERBS.items()
        for verbs in languages.values()
        for verb in verbs
    ),
    *(
        (before.casefold(), _pattern(before, "", "", after, A), emoji)
        for before, after, emoji in words.AROUND
    ),
)
_EMOJI_LIKE = rf"(?:[0-9#*]\ufe0f?\u20e3|[^{OPENING}\w]){{1,40}}"
_WHAT = rf"(?P<what>{_EMOJI_LIKE}|{'|'.join(NAMES[words.STICKER])})"
_NAME = rf"(?P<what>\S+(?: \S+){{0,{MOST_WORDS - 1}}}?)"


def _patterns(table: Sequence[tuple[str, str, str]], what: str) -> Sequence[tuple[str, str]]:
    return tuple(
        (before.casefold(), _pattern(before, what, between, after, A | THE))
        for before, between, after in table
    )


_EMOJI, _NAMED = _patterns(words.WITH_EMOJI, _WHAT), _patterns(words.NAMED, _NAME)
_REMOVALS = _patterns(words.REMOVED, _NAME)
_UNQUOTED = re.compile(
    rf"(?P<what>{_EMOJI_LIKE}) (?:to|a|à|zu|auf|para) (?P<rest>[^{OPENING}\s].*)"
)
_ALSO_SAID = frozenset(verb.casefold() for verb in ALSO_SAID)
_BY_NAME = {name: emoji for emoji, names in NAMES.items() for name in names}
_LAST_WORDS = frozenset(
    f"{attachment.split()[-1]}{s}" for attachment in ATTACHMENTS for s in ("", "s", "es")
) | {
    after.split()[-1].casefold()
    for after in [
        *(after for _, after, _ in words.AROUND),
        *(after for _, _, after in (*words.WITH_EMOJI, *words.NAMED, *words.REMOVED) if after),
    ]
}
