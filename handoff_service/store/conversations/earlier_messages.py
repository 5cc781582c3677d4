"""Pages of a line's earlier messages. They begin in an interaction and continue with the
interactions before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.store.conversations import conversations, messages
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Interaction, Message

i, m = t.interactions, t.messages
LINES = 100  # messages on one page
MAX_CHAPTERS = 40


@dataclass(frozen=True, slots=True)
class Before:
    """A position in a line's history: just before this seq of this interaction."""

    interaction_id: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Some messages of one interaction, oldest first. ``to_its_end``: whether they include its last
    message."""

    interaction: Interaction
    lines: list[Message]
    to_its_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A page of earlier messages, oldest first. ``before``: the position of the next older page;
    None if there is none."""

    chapters: list[Chapter]
    before: Before | None


@dataclass(frozen=True, slots=True)
class _Part:
    interaction_id: int
    first: int
    last: int
    to_its_end: bool


def has_earlier(conn: Connection, of: int, first_seq: int) -> Before | None:
    """Return the position for the page before ``first_seq``; None if there are no earlier
    messages."""
    if first_seq > 1:
        return Before(of, first_seq)
    before = _on_line(conn, of, Before(of, 1))[1:2]
    return Before(before[0].id, before[0].last_seq + 1) if before else None


def earlier(conn: Connection, of: int, at: Before) -> Earlier:
    """Return the page before a position on this interaction's line."""
    rows = _on_line(conn, of, at)
    parts: list[_Part] = []
    room = LINES
    before = None
    for n, row in enumerate(rows):
        last = min(row.last_seq, at.seq - 1) if row.id == at.interaction_id else row.last_seq
        first = max(last - room + 1, 1)
        room -= last - first + 1
        parts.append(_Part(row.id, first, last, row.id != of and last == row.last_seq))
        if first > 1:
            before = Before(row.id, first)
            break
        if room == 0 or n == MAX_CHAPTERS:
            before = Before(row.id, 1) if n + 1 < len(rows) else None
            break
    return Earlier(chapters=_chapters(conn, parts[::-1]), before=before)


def _on_line(conn: Connection, of: int, at: Before) -> Sequence[Any]:
    """Return the (id, last seq) of the interactions on this one's line, from a position
    backward."""
    line = select(i.c.requester_number, i.c.provider_number_id).where(i.c.id == of).subquery()
    query = (
        select(i.c.id, i.c.last_seq)
        .join(
            line,
            (line.c.requester_number == i.c.requester_number)
            & (line.c.provider_number_id == i.c.provider_number_id),
        )
        .where(i.c.id <= min(at.interaction_id, of))
        .order_by(i.c.id.desc())
        .limit(MAX_CHAPTERS + 2)
    )
    return conn.execute(query).all()


def _chapters(conn: Connection, parts: Sequence[_Part]) -> list[Chapter]:
    parts = [part for part in parts if part.last >= part.first or part.to_its_end]
    if not parts:
        return []
    each = [
        (m.c.interaction_id == p.interaction_id) & m.c.seq.between(p.first, p.last) for p in parts
    ]
    lines: dict[int, list[Message]] = {}
    for line in messages.matching(conn, [sa.or_(*each)]):
        lines.setdefault(line.interaction_id, []).append(line)
    by_id = {
        one.id: one
        for one in conversations.list_(conn, [i.c.id.in_([p.interaction_id for p in parts])])
    }
    return [
        Chapter(
            interaction=by_id[p.interaction_id],
            lines=lines.get(p.interaction_id, []),
            to_its_end=p.to_its_end,
        )
        for p in parts
    ]
