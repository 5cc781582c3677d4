"""Quotes from a conversation: somebody's words, and their place in the conversation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from handoff_service.rules.shared.vocabulary import Author, Event, Kind

LONGEST = 240  # characters of a quoted sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefLine:
    """A line of a conversation. ``by``: the name of the agent who wrote it. ``is_mine``: the reader
    of the brief wrote it, or it reports an action of the reader."""

    seq: int
    at: datetime
    kind: Kind
    author: Author
    by: str | None
    body: str
    event: Event | None = None
    reason: str | None = None
    is_mine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Somebody's words. ``seq``: their place in the conversation; ``by``: an agent's name."""

    seq: int
    at: datetime
    author: Author
    by: str | None
    text: str


_END = re.compile(r"(?<=[.!?…])\s+|\n+")


def is_text_of(line: BriefLine, author: Author) -> bool:
    return line.kind is Kind.MESSAGE and line.author is author and bool(line.body.strip())


def sentences(text: str) -> Iterator[str]:
    return (part.strip() for part in _END.split(text) if part.strip())


def full_text(line: BriefLine) -> str:
    """The text of the line, followed by the reason for its event."""
    return f"{line.body}: {line.reason}" if line.reason and line.event else line.body


def quote(line: BriefLine, text: str) -> Quote:
    """Quote some words of a line, cut at ``LONGEST``."""
    text = " ".join(text.split())
    cut = text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"
    return Quote(seq=line.seq, at=line.at, author=line.author, by=line.by, text=cut)
