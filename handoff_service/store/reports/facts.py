"""The table of facts: finds conversations that need new facts, and computes and stores the rows.

The background job reads and computes outside the lane. In the lane it only writes finished rows.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, func, select, update

from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.reports.columns import COLUMNS, ColumnKind
from handoff_service.rules.reports.facts import facts_of, look_again_at
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import upsert_rows
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.reports import records
from handoff_service.store.reports.about_targets import about_targets, targets_of_queues
from handoff_service.store.reports.records import StoredConversation
from handoff_service.store.routing import queue_hours
from handoff_service.store.virtual_agent.spoken_language import spoken_languages

LINES_AT_ONCE = 20_000
CONVERSATIONS_AT_ONCE = 60  # in one batch
#: The job reads each message again at this age. On PostgreSQL, a transaction may commit after
#: another one with higher ids, but never this much later. Most receipts also arrive within this
#: time.
READ_AGAIN = timedelta(minutes=5)
f, m, progress, days = t.conversation_facts, t.messages, t.report_progress, t.report_days
_FIELDS = tuple(c.name for c in f.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsBatch:
    """Rows to write, and the new progress (see the table ``report_progress``). ``more``: whether
    another batch is ready."""

    rows: Sequence[dict[str, Any]]
    read_to: int
    done_to: int
    more: bool


def next_batch(conn: Connection) -> FactsBatch:
    """Compute the facts of the next batch of conversations: first those with new messages, then
    those with messages to read again, then those whose ``look_again_at`` has come."""
    now = read_at(conn)
    at = conn.execute(select(progress)).one()
    new = _conversations(conn, m.c.id > at.read_to, at.read_to, CONVERSATIONS_AT_ONCE)
    settled = sa.and_(m.c.id > at.done_to, m.c.id <= at.read_to, m.c.created_at <= now - READ_AGAIN)
    again = _conversations(conn, settled, at.done_to, CONVERSATIONS_AT_ONCE - len(new.ids))
    room = CONVERSATIONS_AT_ONCE - len(new.ids) - len(again.ids)
    late = _due(conn, now, room)
    # the facts of an emptied conversation never change
    ids = dict.fromkeys([*_not_emptied(conn, {*new.ids, *again.ids}), *late])
    return FactsBatch(
        rows=rows_of(conn, ids),
        read_to=new.read_to,
        done_to=again.read_to,
        more=new.more or again.more or len(late) == room,
    )


@dataclass(frozen=True, slots=True)
class _Conversations:
    """Conversations with messages up to the id ``read_to``. ``more``: whether more messages are
    waiting."""

    ids: Sequence[int]
    read_to: int
    more: bool


def _conversations(
    conn: Connection, where: ColumnElement[bool], after: int, most: int
) -> _Conversations:
    """Return the first ``most`` conversations with messages that meet ``where``. ``after``: a limit
    below the ids of these messages."""
    lines = select(*m.c["id", "interaction_id"]).where(where).order_by(m.c.id)
    one = lines.limit(LINES_AT_ONCE).subquery()
    first = func.min(one.c.id).label("first")
    query = select(
        one.c.interaction_id, first, func.max(one.c.id).label("last"), func.count().label("lines")
    )
    found = conn.execute(query.group_by(one.c.interaction_id).order_by(first)).all()
    if len(found) > most:
        ids = [row.interaction_id for row in found[:most]]
        return _Conversations(ids, found[most].first - 1, more=True)
    return _Conversations(
        [row.interaction_id for row in found],
        max((row.last for row in found), default=after),
        more=sum(row.lines for row in found) == LINES_AT_ONCE,
    )


def _not_emptied(conn: Connection, ids: Collection[int]) -> list[int]:
    """Return the conversations among ``ids`` that neither retention nor an erasure has emptied."""
    i = t.interactions
    query = select(i.c.id).where(one_of(i.c.id, ids), i.c.emptied_at.is_(None))
    return list(conn.execute(query.order_by(i.c.id)).scalars()) if ids else []


def final_rows(conn: Connection, ids: Collection[int]) -> list[dict[str, Any]]:
    """Return the final facts of conversations that are about to be emptied."""
    return [row | {"look_again_at": None} for row in rows_of(conn, _not_emptied(conn, ids))]


def _due(conn: Connection, now: datetime, most: int) -> list[int]:
    query = select(f.c.interaction_id).where(f.c.look_again_at <= now)
    return list(conn.execute(query.order_by(f.c.look_again_at).limit(most)).scalars())


def rows_of(conn: Connection, ids: Collection[int]) -> list[dict[str, Any]]:
    """Compute the rows of these conversations."""
    if not ids:
        return []
    found = records.load(conn, ids)
    zone = ZoneInfo(desk_time_zone(conn))
    queues = {one.queue_id for one in found.values() if one.queue_id is not None}
    hours = queue_hours.of_queues(conn, queues)
    always = Schedule(None, zone.key)
    targets = targets_of_queues(conn, queues)
    languages = spoken_languages(conn, found)
    return [
        _row(one, stored, languages[one], hours.get(stored.queue_id or 0, always), zone, conn)
        | about_targets(
            stored,
            targets.get(stored.queue_id or 0, ()),
            hours.get(stored.queue_id or 0, always),
            read_at(conn),
        )
        for one, stored in found.items()
    ]


def _row(
    interaction_id: int,
    stored: StoredConversation,
    language: str,
    schedule: Schedule,
    zone: ZoneInfo,
    conn: Connection,
) -> dict[str, Any]:
    now = read_at(conn)
    facts = asdict(facts_of(stored.record, now, schedule.open_between))
    facts |= {
        "interaction_id": interaction_id,
        "day": stored.record.opened_at.astimezone(zone).date().isoformat(),
        "look_again_at": look_again_at(stored.record, now),
        "queue_id": stored.queue_id,
        "provider_number_id": stored.provider_number_id,
        "agent_id": stored.agent_id,
        "labels": stored.labels,
        "attribute_values": stored.attribute_values,
        "priority": stored.priority,
        "language": language,
    }
    return {name: _stored(facts[name]) for name in _FIELDS if name in facts}


def _stored(value: Any) -> Any:
    if isinstance(value, tuple):
        return "\n".join(value)
    if isinstance(value, list):
        return " ".join(map(str, value))
    return int(value) if isinstance(value, bool) else value


def write_rows(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    """Store rows, and mark their days as changed."""
    _touch(tx, {row["day"] for row in rows})
    change = tuple(name for name in _FIELDS if name != "interaction_id")
    upsert_rows(tx.conn, f, rows, key=("interaction_id",), change=change)


def write_progress(tx: Transaction, batch: FactsBatch) -> None:
    """Record the batch as done. Call this after storing its rows, because an interrupted batch is
    then repeated with the same rows."""
    tx.conn.execute(update(progress).values(read_to=batch.read_to, done_to=batch.done_to))


def _touch(tx: Transaction, touched: Collection[str]) -> None:
    known = tx.conn.execute(select(days.c.day).where(one_of(days.c.day, touched))).scalars().all()
    new = [{"day": d, "version": 0, "changed_at": tx.now} for d in touched if d not in set(known)]
    upsert_rows(tx.conn, days, new, key=("day",), change=("changed_at",))
    tx.conn.execute(
        update(days)
        .where(one_of(days.c.day, touched))
        .values(version=days.c.version + 1, changed_at=tx.now)
    )


def list_of(text: str) -> list[int]:
    """Parse a stored list of numbers."""
    return [int(one) for one in text.split()]


def words_of(text: str) -> list[str]:
    """Parse a stored list of words."""
    return text.split("\n") if text else []


def newest_change(conn: Connection) -> datetime | None:
    """Return when a fact was last written; None if there are no facts."""
    found = conn.execute(select(func.max(days.c.changed_at, type_=t.UtcTime()))).scalar()
    return found.astimezone(UTC) if found else None


#: Column -> the function that parses its stored text.
LISTS: Mapping[str, Callable[[str], list[Any]]] = {
    name: list_of if one.kind is ColumnKind.LIST else words_of
    for name, one in COLUMNS.items()
    if one.kind in (ColumnKind.LIST, ColumnKind.WORDS)
}
