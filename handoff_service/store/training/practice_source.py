"""Past conversations for the practice desk, masked."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.shared.vocabulary import Author, Direction, Kind, MediaStatus
from handoff_service.rules.training.masking import masked
from handoff_service.rules.training.practice import (
    Line,
    PracticeChoice,
    PracticeConversation,
    Speaker,
)
from handoff_service.rules.training.practice_score import first_answer
from handoff_service.store.conversations import requester_zones
from handoff_service.store.desk import labels
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.training.people_in_text import people_in

i, m, w, d = t.interactions, t.messages, t.work_items, t.media
MAX_FOR_MEDIAN = 500  # the desk's median covers this many of the newest conversations
A_PICTURE = "(a picture)"
_SPEAKERS = {
    Author.REQUESTER: Speaker.REQUESTER,
    Author.VIRTUAL_AGENT: Speaker.VIRTUAL_AGENT,
    Author.AGENT: Speaker.AGENT,
}
_HERE = m.c.interaction_id == i.c.id
_TEXT = m.c.kind == Kind.MESSAGE
_PICTURES = (
    select(sa.func.count())
    .select_from(d)
    .where(d.c.message_id == m.c.id, d.c.status == MediaStatus.STORED)
    .correlate(m)
    .scalar_subquery()
)
_LINES = (
    select(
        *m.c["interaction_id", "kind", "author", "body", "created_at", "sent_at"],
        _PICTURES.label("pictures"),
    )
    .where(
        one_of(m.c.interaction_id, "ids"),
        sa.or_(
            sa.and_(_TEXT, m.c.author.in_((Author.REQUESTER, Author.VIRTUAL_AGENT))),
            sa.and_(m.c.kind.in_((Kind.MESSAGE, Kind.NOTE)), m.c.author == Author.AGENT),
        ),
    )
    .order_by(m.c.interaction_id, m.c.seq)
)


def past_conversations(conn: Connection, choice: PracticeChoice) -> list[PracticeConversation]:
    """Return the newest conversations of the chosen days that have an agent's answer, masked,
    oldest first."""
    ids = _answered(conn, choice, choice.conversations)
    by_id = _unmasked(conn, ids)
    return [_masked(conn, interaction_id, by_id[interaction_id]) for interaction_id in ids]


def median_first_answer(conn: Connection, choice: PracticeChoice) -> int | None:
    """Return the median time to the first answer on the chosen days, in seconds; None if there was
    no answer."""
    ids = _answered(conn, choice, MAX_FOR_MEDIAN)
    seconds = [first_answer(one) for one in _unmasked(conn, ids).values()]
    known = [one for one in seconds if one is not None]
    return round(median(known)) if known else None


def _answered(conn: Connection, choice: PracticeChoice, most: int) -> list[int]:
    zone = ZoneInfo(desk_time_zone(conn))
    first, last = (
        datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
        for day in (choice.first_day, choice.last_day + timedelta(days=1))
    )
    requester = (_HERE, _TEXT, m.c.direction == Direction.INBOUND)
    agent = (_HERE, _TEXT, m.c.author == Author.AGENT)
    query = select(i.c.id).where(
        i.c.closed_at.is_not(None),
        i.c.closed_at >= first,
        i.c.closed_at < last,
        sa.exists().where(*requester),
        sa.exists().where(*agent),
    )
    if choice.queue_id is not None:
        query = query.where(
            sa.exists().where(w.c.interaction_id == i.c.id, w.c.queue_id == choice.queue_id)
        )
    query = query.order_by(i.c.closed_at.desc(), i.c.id.desc()).limit(most)
    return sorted(conn.execute(query).scalars())


def _unmasked(conn: Connection, ids: list[int]) -> dict[int, PracticeConversation]:
    """Return unmasked conversations. Only figures and ``_masked`` may use them."""
    by_id: dict[int, list[Any]] = {}
    for row in conn.execute(_LINES, {"ids": ids}) if ids else ():
        by_id.setdefault(row.interaction_id, []).append(row)
    zones, waits = _zones(conn, ids), _waits(conn, ids)
    topics = labels.of_interactions(conn, ids)
    found = {}
    for interaction_id in ids:
        topic = topics.get(interaction_id, labels.NONE).topic
        lines = tuple(_line(row, zones[interaction_id]) for row in by_id.get(interaction_id, ()))
        found[interaction_id] = PracticeConversation(
            lines=lines,
            topic=topic.name if topic else None,
            waits_since=waits.get(interaction_id, lines[0].at if lines else None),
        )
    return found


def _masked(
    conn: Connection, interaction_id: int, one: PracticeConversation
) -> PracticeConversation:
    people = people_in(conn, [line.text for line in one.lines], interaction_id)

    def mask(line: Line) -> Line:
        text = masked(line.text, names=people.names, own=people.own, ids=people.ids)
        return replace(line, text=text or ("" if line.pictures else A_PICTURE))

    return PracticeConversation(
        lines=tuple(mask(line) for line in one.lines),
        topic=one.topic,
        waits_since=one.waits_since,
    )


def _line(row: Any, zone: ZoneInfo) -> Line:
    speaker = Speaker.NOTE if row.kind == Kind.NOTE else _SPEAKERS[row.author]
    at = (row.sent_at or row.created_at).astimezone(zone)
    return Line(speaker=speaker, at=at, text=row.body, pictures=row.pictures)


def _waits(conn: Connection, ids: list[int]) -> Mapping[int, datetime]:
    """Return when each conversation first waited for a live agent, by id."""
    query = select(w.c.interaction_id, w.c.created_at).where(one_of(w.c.interaction_id, ids))
    found: dict[int, datetime] = {}
    for row in conn.execute(query.order_by(w.c.id)):
        found.setdefault(row.interaction_id, row.created_at)
    return found


def _zones(conn: Connection, ids: list[int]) -> dict[int, ZoneInfo]:
    query = select(i.c.id, i.c.requester_number).where(one_of(i.c.id, ids))
    numbers = {row.id: row.requester_number for row in conn.execute(query)}
    found = requester_zones.of_interactions(conn, numbers) if numbers else {}
    return {interaction_id: zones[0] for interaction_id, zones in found.items()}


def practiced(conn: Connection) -> dict[str, PracticeConversation]:
    """Return the conversations in a practice desk's database, by requester number. If a text after
    closing has opened another conversation, both count as one."""
    rows = conn.execute(select(i.c.id, i.c.requester_number, i.c.closed_at).order_by(i.c.id)).all()
    unmasked = _unmasked(conn, [row.id for row in rows])
    found: dict[str, PracticeConversation] = {}
    for row in rows:
        one, before = unmasked[row.id], found.get(row.requester_number)
        found[row.requester_number] = PracticeConversation(
            lines=(before.lines if before else ()) + one.lines,
            topic=one.topic or (before.topic if before else None),
            waits_since=before.waits_since if before else one.waits_since,
            closed=row.closed_at is not None,
        )
    return found
