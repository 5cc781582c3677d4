"""Search queries: how a query is parsed, and which lines of a conversation can be found.

Index words and queries are folded here, so both databases find the same lines. User input is never
query syntax, because a word contains only letters and digits.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.conversations.number_forms import one_form
from handoff_service.rules.conversations.scripts import RUN, length_of_words, words_of
from handoff_service.rules.delivery.senders import WITHHELD, is_name
from handoff_service.rules.shared.vocabulary import Direction, Event, Kind

LONGEST = 64  # characters of a word that are compared
MOST_WORDS = 16  # words in one query
LEAST_DIGITS = 4  # digits that a phone number search needs
NUMBER, REVERSED = "+", "#"  # prefixes of a phone number's two tokens; no word starts with them
_PART = re.compile(r'"([^"]*)"?|([^\s"]+)')
_PHONE = re.compile(r"[\d\s()./+-]+")
_INTERACTION = re.compile(r"int0*(\d{1,15})", re.IGNORECASE)
_CASE = re.compile(r"cs0*(\d{1,15})", re.IGNORECASE)
MACHINERY = frozenset(
    {
        Event.OWNER_CHANGED,
        Event.IDENTITY,
        Event.TIMER,
        Event.PROMPT,
        Event.ALARM,
        Event.WAITING,
        Event.SCHEDULED,
        Event.LABEL,
        Event.MACRO,
    }
)
# events of lines that have a person's words as their reason, such as a problem or a note
IN_ITS_REASON = frozenset({Event.CASE_OPENED, Event.CASE_CHANGED, Event.TRANSFER})


@dataclass(frozen=True, slots=True)
class Phrase:
    """Consecutive words. With ``begins``, the last one is only a prefix."""

    words: tuple[str, ...]
    begins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """A parsed query.

    ``phrases`` must all occur in one line. ``tokens`` are prefixes of a requester number, read
    forward (+1202) or backward (#1010). ``interaction`` and ``case`` are ids. ``typed`` is the
    original input.
    """

    typed: str
    phrases: tuple[Phrase, ...] = ()
    tokens: tuple[str, ...] = ()
    interaction: int | None = None
    case: int | None = None

    @property
    def is_too_short(self) -> bool:
        """Whether the query has no part that is long enough to search for."""
        return not self.phrases and not self.tokens


def words(text: str) -> list[str]:
    """The folded words of a text. In scripts without spaces, a word starts at each letter."""
    return [word for run in RUN.findall(folded(text)) for word in words_of(run, LONGEST)]


def can_be_found(kind: Kind, event: Event | None, direction: Direction | None) -> bool:
    """Whether search covers this line. It covers every line except system lines with an event of
    ``MACHINERY`` that were not texts (``direction`` None)."""
    return kind is not Kind.SYSTEM or direction is not None or event not in MACHINERY


def text_of(body: str, reason: str | None, event: Event | None) -> str:
    """The part of a line that search looks through and shows as the result."""
    return f"{body}: {reason}" if reason and event in IN_ITS_REASON else body


def number_tokens(number: str) -> list[str]:
    """The search tokens of a requester number: the number forward and backward. For a sender with a
    name, the tokens are the words of the name. A withheld number also has a token for the word that
    carriers use, such as ANONYMOUS."""
    if is_name(number):
        return words(number)
    digits = number.lstrip("+")
    return [NUMBER + digits, REVERSED + digits[::-1], *words(WITHHELD.get(number, ""))]


def read(typed: str) -> SearchQuery:
    """Parse a query. Quotes mark a phrase; the last word may be incomplete.

    A single letter is too short, unless it is a word by itself, like 猫.
    """
    typed = typed.replace("\0", " ").strip()
    tokens = read_numbers(typed)
    reference, case = _INTERACTION.fullmatch(typed), _CASE.fullmatch(typed)
    phrases = _phrases(typed)
    if (
        len(phrases) == 1
        and len("".join(phrases[0].words)) < 2
        and length_of_words(phrases[0].words[0]) != 2
    ):
        phrases = ()
    return SearchQuery(
        typed=typed,
        phrases=phrases,
        tokens=tokens,
        interaction=int(reference[1]) if reference else None,
        case=int(case[1]) if case else None,
    )


def _phrases(typed: str) -> tuple[Phrase, ...]:
    parts = [
        (RUN.findall(folded(quoted or word))[:MOST_WORDS], bool(word))
        for quoted, word in _PART.findall(typed)
    ]
    parts = [(runs, open_end) for runs, open_end in parts if runs][:MOST_WORDS]
    return tuple(
        _phrase(runs, begins=open_end and n == len(parts))
        for n, (runs, open_end) in enumerate(parts, start=1)
    )


def _phrase(runs: Sequence[str], *, begins: bool) -> Phrase:
    """A phrase of these runs. ``begins``: the last run may be incomplete. In a script without
    spaces, it may always be incomplete."""
    *before, last = runs
    whole = [word for run in before for word in words_of(run, LONGEST)]
    length = length_of_words(last)
    if not length:
        return Phrase((*whole, last[:LONGEST]), begins)
    ends = max(len(last) - length + 1, 1)
    return Phrase((*whole, *words_of(last, LONGEST)[:ends]), begins=len(last) < length)


def read_numbers(typed: str) -> tuple[str, ...]:
    """The tokens of the numbers that a typed number may mean. It may be international with + or 00,
    or national with or without a leading 0."""
    typed = _ascii_digits(typed)
    digits = "".join(c for c in typed if c in "0123456789")
    if len(digits) < LEAST_DIGITS or not _PHONE.fullmatch(typed):
        return ()
    begins = digits if typed.startswith("+") else digits[2:] if typed.startswith("00") else ""
    forms = (digits, digits.lstrip("0"), one_form("+" + digits)[1:], one_form("+" + begins)[1:])
    endings = dict.fromkeys(form for form in forms if len(form) >= LEAST_DIGITS)
    tokens = tuple(REVERSED + ending[::-1] for ending in endings)
    return (NUMBER + begins, *tokens) if len(begins) >= LEAST_DIGITS else tokens


def _ascii_digits(typed: str) -> str:
    """The text with the digits 0 to 9 in place of those of other scripts and fullwidth forms."""
    if typed.isascii():
        return typed
    composed = unicodedata.normalize("NFKC", typed)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in composed)


def highlight(text: str, wanted: Sequence[Phrase], room: int = 160) -> list[tuple[str, bool]]:
    """An excerpt around the first match, in pieces: (text, whether it matched)."""
    spans = _spans(text)
    there = [word for _, _, word in spans]
    finds = sorted({n for phrase in wanted for n in _finds(there, phrase)})
    start = _start(text, spans[finds[0]][0] if finds else 0, room)
    end = min(start + room, len(text))
    pieces = [("…", False)] if start else []
    at = start
    for left, right in _joined([spans[n][:2] for n in finds]):
        if left >= at and right <= end:
            pieces += [(text[at:left], False), (text[left:right], True)]
            at = right
    pieces += [(text[at:end], False), *([("…", False)] if end < len(text) else [])]
    return [piece for piece in pieces if piece[0]]


def _spans(text: str) -> list[tuple[int, int, str]]:
    """Each word's position in the text (from, to) and its index form."""
    spans: list[tuple[int, int, str]] = []
    for found in RUN.finditer(text):
        if not length_of_words(found[0]):
            spans.append((found.start(), found.end(), "".join(words(found[0]))))
            continue
        letters = [(at, folded(c)) for at, c in enumerate(found[0], start=found.start())]
        letters = [(at, letter) for at, letter in letters if letter]
        each = words_of("".join(letter for _, letter in letters), LONGEST)
        spans += [(at, at + 1, word) for (at, _), word in zip(letters, each, strict=False)]
    return spans


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge spans that touch."""
    joined: list[tuple[int, int]] = []
    for left, right in spans:
        if joined and joined[-1][1] == left:
            joined[-1] = (joined[-1][0], right)
        else:
            joined.append((left, right))
    return joined


def matches_line(there: Sequence[str], wanted: SearchQuery) -> bool:
    """Whether a line with these words (or a requester number with these tokens) matches the
    query."""
    if any(word.startswith(token) for word in there for token in wanted.tokens):
        return True
    return bool(wanted.phrases) and all(_finds(there, phrase) for phrase in wanted.phrases)


def _start(text: str, first: int, room: int) -> int:
    """The start of an excerpt, at a word boundary, so that some text precedes the first match."""
    if len(text) <= room or first < room // 2:
        return 0
    space = text.find(" ", first - room // 3, first)
    return space + 1 if space >= 0 else first - room // 3 if length_of_words(text[first]) else first


def _finds(there: Sequence[str], phrase: Phrase) -> list[int]:
    """The positions of the words that match this phrase."""
    length, end = len(phrase.words), phrase.words[-1]
    # in a script without spaces, one index word also contains the next letters
    inside = len(end) if length_of_words(end) else 1
    found: list[int] = []
    for n in range(len(there) - length + 1):
        last = there[n + length - 1]
        if list(there[n : n + length - 1]) == list(phrase.words[:-1]) and (
            last.startswith(end) if phrase.begins else last == end
        ):
            found += range(n, min(n + length - 1 + inside, len(there)))
    return found
