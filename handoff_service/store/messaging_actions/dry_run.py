"""The dry run of a messaging action. It applies the rules to the messages of the last 30
days."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.lib.opening_hours import OpenTimes
from handoff_service.rules.messaging_actions.dry_run import (
    PastConversation,
    PastLine,
    WouldFire,
    judged_by_today,
    replay,
)
from handoff_service.rules.messaging_actions.messaging_actions import STARTS, MessagingAction
from handoff_service.rules.shared.conditions import TARGET_FIELDS
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, Owner, State, Unanswered
from handoff_service.store.conversations import interactions
from handoff_service.store.desk import attributes
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.routing import queue_hours
from handoff_service.store.views import DayCount, DryRun, WouldHave

LOOKS_BACK = timedelta(days=30)
MAX_LINES = 250_000  # messages that a dry run reads; on a busier desk, it covers fewer days
SHOWN = 100  # the latest firings that the result lists; a conversation can occur twice
m, i = t.messages, t.interactions
SIDES = [str(author) for author, run in STARTS.items() if run is not None]
OF_A_SIDE = sa.and_(m.c.kind == Kind.MESSAGE, m.c.author.in_(SIDES))


def dry_run(conn: Connection, action: MessagingAction) -> DryRun:
    """Count how often this action would have fired in the last 30 days if it had been active. Only
    waits that started in this time count."""
    counted = tuple(one for one in action.conditions if one.field not in TARGET_FIELDS)
    without_targets = counted != action.conditions
    action = replace(action, active=True, conditions=counted)
    now = read_at(conn)
    first, since = _first_line(conn, now - LOOKS_BACK)
    zone = ZoneInfo(desk_time_zone(conn))
    known = _conversations(conn, first, since, with_attributes=action.uses_attributes)
    due = _clocks(conn, action, {queue for _, queue in known.values() if queue}, since, now)
    waits, fired = 0, []
    for key, lines in _lines(conn, first):
        if key not in known:  # the conversation started between the two queries
            continue
        conversation, queue = known[key]
        for wait in replay(action, conversation, lines, due(queue), now):
            waits += 1
            if wait.fires_at is not None:
                fired.append((key, wait.fires_at))
    result = _result(conn, action, (since, now, zone), waits, fired)
    return replace(result, without_targets=without_targets)


def _first_line(conn: Connection, since: datetime) -> tuple[int, datetime]:
    """Return the id of the first message to read, and the start of the period that the dry run
    covers. Ids are in order of time, so a binary search finds the message without an index on
    time."""
    last = conn.execute(select(func.max(m.c.id))).scalar() or 0
    low, high = max(last - MAX_LINES, 0) + 1, last + 1
    shortened = low > 1 and _at(conn, low) >= since
    while low < high and not shortened:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if _at(conn, middle) < since else (low, middle)
    return low, _at(conn, low) if shortened else since


def _at(conn: Connection, line_id: int) -> datetime:
    """Return the time of the message with this id, or of the next existing one."""
    return conn.execute(
        select(m.c.created_at).where(m.c.id >= line_id).order_by(m.c.id).limit(1)
    ).scalar_one()


def _conversations(
    conn: Connection, first: int, since: datetime, *, with_attributes: bool
) -> dict[int, tuple[PastConversation, int | None]]:
    """Return the conversations with messages from ``first`` on, with their queues, by id."""
    p, q = t.provider_numbers, t.queues
    rows = conn.execute(
        select(
            *i.c["id", "opened_at", "closed_at", "state", "priority", "user_id", "queue_id"],
            p.c.number,
            q.c.name.label("queue"),
        )
        .join(p, p.c.id == i.c.provider_number_id)
        .outerjoin(q, q.c.id == i.c.queue_id)
        .where(i.c.id.in_(select(m.c.interaction_id).where(m.c.id >= first)))
    ).all()
    before = _before(conn, first, [r.id for r in rows if r.opened_at < since])
    known = attributes.facts(conn, [r.id for r in rows]) if with_attributes else {}
    return {
        r.id: (
            replace(
                _conversation(r, *before.get(r.id, (None, False))),
                attributes=known.get(r.id, {}),
            ),
            r.queue_id,
        )
        for r in rows
    }


def _before(
    conn: Connection, first: int, ids: list[int]
) -> dict[int, tuple[Unanswered | None, bool]]:
    """For conversations that began before the period, return the open unanswered streak and whether
    an agent had accepted the conversation."""
    earlier = select(m.c.author).where(m.c.interaction_id == i.c.id, m.c.id < first).correlate(i)
    author = earlier.where(OF_A_SIDE).order_by(m.c.seq.desc()).limit(1).scalar_subquery()
    accepted = earlier.where(m.c.owner == Owner.AGENT).exists()
    rows = conn.execute(
        select(i.c.id, author.label("author"), accepted.label("accepted")).where(
            one_of(i.c.id, ids)
        )
    )
    return {r.id: (STARTS[Author(r.author)] if r.author else None, bool(r.accepted)) for r in rows}


def _conversation(row: Any, open_before: Unanswered | None, taken_before: bool) -> PastConversation:
    return PastConversation(
        id=row.id,
        open_before=open_before,
        taken_before=taken_before,
        closed_at=row.closed_at,
        state=State(row.state),
        priority=row.priority,
        queue=row.queue,
        provider_number=row.number,
        guest=row.user_id is None,
    )


def _lines(conn: Connection, first: int) -> Iterator[tuple[int, list[PastLine]]]:
    """Yield each conversation's messages that start or end an unanswered streak, and its changes of
    owner."""
    rows = conn.execute(
        select(
            m.c.interaction_id,
            m.c.created_at,
            m.c.owner,
            sa.case((OF_A_SIDE, m.c.author)).label("author"),
        )
        .where(m.c.id >= first, sa.or_(OF_A_SIDE, m.c.event == Event.OWNER_CHANGED))
        .order_by(m.c.interaction_id, m.c.seq)
    )
    owners, authors = {str(one): one for one in Owner}, {str(one): one for one in Author}
    for key, of_one in groupby(rows, itemgetter(0)):
        yield (
            key,
            [PastLine(at, owners[owner], authors.get(author)) for _, at, owner, author in of_one],
        )


def _clocks(
    conn: Connection, action: MessagingAction, queues: set[int], since: datetime, now: datetime
) -> Callable[[int | None], WouldFire]:
    """Return a function from a queue's id to its clock. A clock is a function from the start of a
    wait to the time when the action would fire."""

    def by_the_clock(at: datetime) -> datetime | None:
        return at + action.duration

    def by_the_schedule(times: OpenTimes) -> WouldFire:
        return lambda at: times.after(at, action.duration)

    known: Mapping[int, WouldFire] = {}
    if action.business_hours:
        found = queue_hours.of_queues(conn, queues)
        known = {key: by_the_schedule(OpenTimes(one, since, now)) for key, one in found.items()}
    return lambda queue: known.get(queue or 0, by_the_clock)


def _result(
    conn: Connection,
    action: MessagingAction,
    span: tuple[datetime, datetime, ZoneInfo],
    waits: int,
    fired: list[tuple[int, datetime]],
) -> DryRun:
    since, now, zone = span
    counted = Counter(at.astimezone(zone).date() for _, at in fired)
    days = [
        DayCount(day=day, times=counted[day])
        for day in _days(since.astimezone(zone).date(), now, zone)
    ]
    busiest = max(days, key=lambda one: one.times, default=None)
    return DryRun(
        since=since,
        until=now,
        waits=waits,
        times=len(fired),
        share=round(len(fired) / waits, 4) if waits else 0.0,
        days=days,
        busiest=busiest if busiest and busiest.times else None,
        conversations=_shown(conn, sorted(fired, key=lambda one: one[1], reverse=True)[:SHOWN]),
        judged_by_today=judged_by_today(action),
    )


def _days(first: date, now: datetime, zone: ZoneInfo) -> Iterator[date]:
    for n in range((now.astimezone(zone).date() - first).days + 1):
        yield first + timedelta(days=n)


def _shown(conn: Connection, fired: list[tuple[int, datetime]]) -> list[WouldHave]:
    rows = conn.execute(
        select(i.c.id, func.coalesce(t.users.c.name, i.c.requester_number).label("requester"))
        .outerjoin(t.users, t.users.c.id == i.c.user_id)
        .where(one_of(i.c.id, {key for key, _ in fired}))
    )
    names = {r.id: r.requester for r in rows}
    return [
        WouldHave(interaction_id=key, number=interactions.number(key), requester=names[key], at=at)
        for key, at in fired
    ]
