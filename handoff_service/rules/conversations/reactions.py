"""Reactions that phones send as texts: a tapback, or an emoji on a message, quoting the message
that it is about.

Phones do this when the other side cannot show reactions, as with SMS. ``reaction_words`` has the
words and their sources, and ``reaction_patterns`` the shapes of the texts.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from handoff_service.rules.conversations import reaction_words as words
from handoff_service.rules.conversations.reaction_patterns import (
    ANY_WORD,
    BY_NAME,
    CLOSING,
    EMOJI,
    IN_ANY_LANGUAGE,
    LAST_WORDS,
    NAMED,
    OPENING,
    REMOVALS,
    TAPBACKS,
    UNQUOTED,
    compiled,
    without_accents,
)
from handoff_service.rules.conversations.reaction_words import NAMES, THE, A
from handoff_service.rules.delivery.sms_characters import INVISIBLE_NAMES, is_visible
from handoff_service.rules.virtual_agent.bot_text import plain

_CUT = re.compile(r"\s*(…|\.\.\.?)\s*$")
_QUOTE_MARKS = frozenset(OPENING + CLOSING) - {"'"}
_OBJECT = "\ufffc"  # the character that replaces a picture in a text
# Without a cut mark, the beginning of a message with at least this many letters and digits counts
# as a quote.
_SURE_PREFIX = 16
_CUT_PREFIX = 6  # the same for a quotation without an end mark, as in a text that was cut off
_ONE_KIND = {"\u2018": "'", "\u2019": "'", "\u201b": "'", "\u02bc": "'", "\u00b4": "'", "`": "'"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """A reaction to a message."""

    #: Empty for a removal that does not name the emoji.
    emoji: str
    removed: bool = False
    #: The words of the message that it is about. None: a picture or another attachment.
    quoted: str | None = None
    #: Whether the end mark of the quotation is missing.
    cut: bool = False
    #: True: only phones write such a text. False: people may write it too, so it counts as a
    #: reaction only if it quotes an earlier message.
    sure: bool = True


def read(text: str) -> Reaction | None:
    """Parse a text as a reaction. None for an ordinary text."""
    cleaned = _clean(text)
    return next(_readings(cleaned), None) if _may_be_reaction(cleaned) else None


def _readings(text: str) -> Iterator[Reaction]:
    folded, bare = text.casefold(), without_accents(text)
    begin = bare.casefold()
    for row in TAPBACKS:
        if begin.startswith(row.begin) and (found := compiled(row.pattern).fullmatch(bare)):
            sure = folded.startswith(row.sure) and not text[:1].islower()
            yield _about(text, found, row.emoji, sure=sure)
    for before, pattern in EMOJI:
        if (
            begin.startswith(before)
            and (found := compiled(pattern).fullmatch(bare))
            and (shown := _emoji(found["what"]))
        ):
            yield _about(text, found, shown)
    for before, pattern in NAMED:
        if (
            begin.startswith(before)
            and (found := compiled(pattern).fullmatch(bare))
            and (shown := _named(found["what"]))
        ):
            yield _about(text, found, shown)
    for before, pattern in REMOVALS:
        found = compiled(pattern).fullmatch(bare) if begin.startswith(before) else None
        if found and (taken := _named(found["what"])) is not None:
            yield replace(_about(text, found, taken), removed=True)
    for pattern in (IN_ANY_LANGUAGE, UNQUOTED):
        if (found := compiled(pattern).fullmatch(bare)) and (shown := _emoji(found["what"])):
            yield _about(text, found, shown, sure=False)


def _may_be_reaction(text: str) -> bool:
    """A quick check that most texts fail: they quote nothing, begin with no emoji, and do not end
    with the last word of a reaction."""
    begins_with_emoji = any(map(_is_picture, text[:1]))
    if begins_with_emoji or " '" in text or any(mark in text for mark in _QUOTE_MARKS):
        return True
    last = text.rpartition(" ")[2].strip(" .…").casefold()
    return without_accents(last) in LAST_WORDS


def quotes(reaction: Reaction, body: str) -> bool:
    """Whether the reaction quotes this message: whole, cut off, or with other quotation marks."""
    if reaction.quoted is None:
        return False
    cut = _CUT.search(reaction.quoted)
    quoted, whole = _key(_CUT.sub("", reaction.quoted)), _key(body)
    if quoted == whole:
        return bool(quoted)
    least = 1 if cut else _CUT_PREFIX if reaction.cut else _SURE_PREFIX
    return len(quoted) >= least and whole.startswith(quoted)


def is_same(emoji: str, other: str) -> bool:
    """Whether two emoji are the same. Skin tones and drawing styles do not count."""
    return [c for c in emoji if not _is_tone(c)] == [c for c in other if not _is_tone(c)]


def is_emoji(text: str) -> bool:
    """Whether a text consists of one or a few emoji."""
    if not text or len(text) > 40:
        return False
    keycap = "\u20e3" in text
    return any(map(_is_picture, text)) and all(
        _in_emoji(c) or (keycap and c in "0123456789#*") for c in text
    )


def _about(text: str, found: re.Match[str], emoji: str, *, sure: bool = True) -> Reaction:
    """The reaction that a pattern matched. ``found`` matched the text without accents, which has
    the same length, so its positions are valid in ``text`` too."""
    if found["quoted"] is None:
        return Reaction(emoji=emoji, sure=sure)
    quotation = text[found.start("quoted") : found.end("quoted")]
    opened = quotation[0] in OPENING
    closed = opened and len(quotation) > 1 and quotation[-1] in CLOSING
    quoted = quotation[1 if opened else 0 : -1 if closed else None].strip()
    if not is_visible(quoted.replace(_OBJECT, "")):
        return Reaction(emoji=emoji, sure=sure)
    whole = (closed and quotation[0] != "'") or quoted.endswith(("…", "..."))
    sure = sure and whole and not any(mark in quoted for mark in _QUOTE_MARKS)
    return Reaction(emoji=emoji, quoted=quoted, cut=opened and not closed, sure=sure)


def _clean(text: str) -> str:
    """The text with plain apostrophes, and without the hair spaces and zero-width marks that
    Android puts around its emoji."""
    kept = "".join(
        c
        for c in unicodedata.normalize("NFC", text)
        if c not in INVISIBLE_NAMES or c in "\u200d\ufe0f"
    )
    return " ".join("".join(_ONE_KIND.get(c, c) for c in kept).split())


def _key(text: str) -> str:
    """The letters and digits of a message, for comparisons, because networks lose spaces and change
    punctuation."""
    return plain(text).replace(" ", "") or "".join(
        c for c in text if c not in INVISIBLE_NAMES and not c.isspace()
    )


def _emoji(what: str) -> str | None:
    what = what.strip(" '" + "".join(_QUOTE_MARKS))
    if plain(what) in NAMES[words.STICKER]:
        return words.STICKER
    return what if is_emoji(what) else None


def _named(what: str) -> str | None:
    """The emoji of the reaction that a text names. Empty: the text does not say which one. None: it
    names no reaction."""
    beside = A | THE | ANY_WORD | {"emoji"}
    shown = [emoji for word in what.split() if (emoji := _emoji(word))]
    rest = [word for word in what.split() if not _emoji(word) and plain(word) not in beside]
    if shown and not rest:
        return "".join(shown)
    name = " ".join(filter(None, map(plain, rest)))
    if not name:
        return "" if ANY_WORD & set(plain(what).split()) else None
    return BY_NAME.get(name)


def _is_picture(c: str) -> bool:
    kind = unicodedata.category(c)
    return (
        (kind == "So" and c != _OBJECT) or (kind == "Sm" and c >= "\u2190") or c in "‼⁉\u20e3〰〽"
    )


def _in_emoji(c: str) -> bool:
    return _is_picture(c) or c == " " or _is_tone(c) or c == "\u200d" or _TAGS[0] <= c <= _TAGS[1]


def _is_tone(c: str) -> bool:
    return c in "\ufe0f\ufe0e" or _SKIN[0] <= c <= _SKIN[1]


_SKIN, _TAGS = ("\U0001f3fb", "\U0001f3ff"), ("\U000e0020", "\U000e007f")
