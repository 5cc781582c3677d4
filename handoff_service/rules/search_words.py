"""What a search means, and what of a conversation can be found.

Both databases are given words folded here, and so are queries: what is found does not depend on the database. What
somebody types is never query syntax: a word holds letters and digits only.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from handoff_service.rules.vocabulary import Direction, Event, Kind

LONGEST = 64  # characters of a word that count
MOST_WORDS = 16  # of a query
LEAST_DIGITS = 4  # of a phone number
NUMBER, REVERSED = "+", "#"  # what a phone number's two tokens begin with; no word does
_WORD = re.compile(r"[^\W_]+")
_PART = re.compile(r'"([^"]*)"?|([^\s"]+)')
_PHONE = re.compile(r"[\d\s()./+-]+")
_INTERACTION = re.compile(r"int0*(\d{1,15})", re.IGNORECASE)
_CASE = re.compile(r"cs0*(\d{1,15})", re.IGNORECASE)
MACHINERY = frozenset({Event.OWNER_CHANGED, Event.IDENTITY, Event.TIMER, Event.PROMPT})
IN_ITS_REASON = frozenset(
    {Event.CASE_OPENED, Event.CASE_CHANGED, Event.TRANSFER}
)  # what a person said is there: a problem, a note


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow each other; the last is only the beginning of one when ``begins``."""

    words: tuple[str, ...]
    begins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A query, read. ``phrases`` must all be in one line; ``tokens`` are beginnings of a requester number, as it is
    (+1202) or from its end (#1010); ``interaction`` and ``case`` are ids; ``typed`` is what was typed."""

    typed: str
    phrases: tuple[Phrase, ...] = ()
    tokens: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    interaction: int | None = None
    case: int | None = None
    names: tuple[str, ...] = field(default=())

    @property
    def nothing(self) -> bool:
        """Too little to search for."""
        return not self.phrases and not self.tokens


def folded(text: str) -> str:
    """Without case and accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return [word[:LONGEST] for word in _WORD.findall(folded(text))]


def can_be_found(kind: Kind, event: Event | None, direction: Direction | None) -> bool:
    """Whether a line's words can be found: what was said, noted or not sent; not what tells of the machinery."""
    return kind is not Kind.SYSTEM or direction is not None or event not in MACHINERY


def text_of(body: str, reason: str | None, event: Event | None) -> str:
    """What of a line is looked through, and shown when it is found."""
    return f"{body}: {reason}" if reason and event in IN_ITS_REASON else body


def number_tokens(number: str) -> list[str]:
    """What a requester number is found by: its beginning, and its end."""
    digits = number.lstrip("+")
    return [NUMBER + digits, REVERSED + digits[::-1]]


def read(typed: str) -> Wanted:
    """What is wanted. One letter is too little; quotes hold a phrase together; the last word may go on."""
    typed = typed.replace("\0", " ").strip()
    tokens, endings = _numbers(typed)
    reference, case = _INTERACTION.fullmatch(typed), _CASE.fullmatch(typed)
    phrases = _phrases(typed)
    if len(phrases) == 1 and len("".join(phrases[0].words)) < 2:
        phrases = ()
    return Wanted(
        typed=typed,
        phrases=phrases,
        tokens=tokens,
        endings=endings,
        interaction=int(reference[1]) if reference else None,
        case=int(case[1]) if case else None,
        names=tuple(typed.replace('"', " ").split())[:MOST_WORDS],
    )


def _phrases(typed: str) -> tuple[Phrase, ...]:
    parts = [(words(quoted or word), bool(word)) for quoted, word in _PART.findall(typed)]
    parts = [(found, open_end) for found, open_end in parts if found][:MOST_WORDS]
    return tuple(
        Phrase(tuple(found[:MOST_WORDS]), begins=open_end and n == len(parts))
        for n, (found, open_end) in enumerate(parts, start=1)
    )


def _numbers(typed: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A phone number in any spelling: international with + or 00, national with or without its leading 0."""
    digits = "".join(c for c in typed if c in "0123456789")
    if len(digits) < LEAST_DIGITS or not _PHONE.fullmatch(typed):
        return (), ()
    endings = tuple(dict.fromkeys(e for e in (digits, digits.lstrip("0")) if len(e) >= LEAST_DIGITS))
    begins = digits if typed.startswith("+") else digits[2:] if typed.startswith("00") else ""
    tokens = tuple(REVERSED + ending[::-1] for ending in endings)
    return ((NUMBER + begins, *tokens) if len(begins) >= LEAST_DIGITS else tokens), endings


def marked(text: str, wanted: Sequence[Phrase], room: int = 160) -> list[tuple[str, bool]]:
    """The part of a text around its first find, in pieces: (piece, whether it was wanted)."""
    spans = [(m.start(), m.end(), words(m[0])) for m in _WORD.finditer(text)]
    finds = sorted({n for phrase in wanted for n in _finds([s[2] for s in spans], phrase)})
    start = _start(text, spans[finds[0]][0] if finds else 0, room)
    end = min(start + room, len(text))
    pieces = [("…", False)] if start else []
    at = start
    for n in finds:
        left, right, _ = spans[n]
        if left >= at and right <= end:
            pieces += [(text[at:left], False), (text[left:right], True)]
            at = right
    pieces += [(text[at:end], False), *([("…", False)] if end < len(text) else [])]
    return [piece for piece in pieces if piece[0]]


def fits(there: Sequence[str], wanted: Wanted) -> bool:
    """Whether a line with these words (or a requester number's tokens) is what is wanted."""
    if any(word.startswith(token) for word in there for token in wanted.tokens):
        return True
    return bool(wanted.phrases) and all(_finds([[word] for word in there], phrase) for phrase in wanted.phrases)


def _start(text: str, first: int, room: int) -> int:
    """Where an excerpt begins so that the first find has something before it; at a word."""
    if len(text) <= room or first < room // 2:
        return 0
    space = text.find(" ", first - room // 3, first)
    return space + 1 if space >= 0 else first


def _finds(there: Sequence[Sequence[str]], phrase: Phrase) -> list[int]:
    """The places of the words that this phrase matches."""
    length = len(phrase.words)
    found: list[int] = []
    for n in range(len(there) - length + 1):
        here = ["".join(one) for one in there[n : n + length]]
        last = here[-1].startswith(phrase.words[-1]) if phrase.begins else here[-1] == phrase.words[-1]
        if last and here[:-1] == list(phrase.words[:-1]):
            found += range(n, n + length)
    return found
