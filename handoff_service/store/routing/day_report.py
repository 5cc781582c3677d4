"""The day report: today's numbers by hour, such as opened conversations, handoffs and waiting
times.

The queries read only the day's rows, even if the database has many years of data. For conversations
that were opened and for handoffs, they search backward from the newest id for the day's first row.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from statistics import fmean, median
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.conversations.promises import PromiseState
from handoff_service.rules.shared.vocabulary import Author, Kind, Owner, State
from handoff_service.store.conversations import promises
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.views.supervision import Durations, Hour, Today

i, m, w = t.interactions, t.messages, t.work_items
HOUR = timedelta(hours=1)


def today(conn: Connection) -> Today:
    """Return today's numbers, since midnight in the desk's time zone."""
    now, zone = read_at(conn), ZoneInfo(desk_time_zone(conn))
    since = datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)
    opened = _opened(conn, since)
    handed = _handed(conn, since)
    closed = _closed(conn, since)
    promised = promises.ended_since(conn, since)
    return Today(
        since=since,
        opened=len(opened),
        handed=len(handed),
        first_answer=_durations(_seconds(handed)),
        handling=_durations(_handling(closed)),
        closed=len(closed),
        abandoned=sum(r.state == State.CLOSED_ABANDONED for r in closed),
        promises_kept=promised.get(PromiseState.KEPT, 0),
        promises_missed=promised.get(PromiseState.MISSED, 0),
        hours=_hours(since, now, opened, handed, closed),
    )


type Rows = Sequence[sa.Row[tuple[object, ...]]]


def _before(conn: Connection, table: sa.Table, at: sa.Column[datetime], since: datetime) -> int:
    """Return the last id before a time; 0 if there is none."""
    return (
        conn.execute(
            select(table.c.id).where(at < since).order_by(table.c.id.desc()).limit(1)
        ).scalar()
        or 0
    )


def _opened(conn: Connection, since: datetime) -> list[datetime]:
    after = _before(conn, i, i.c.opened_at, since)
    return list(
        conn.execute(select(i.c.opened_at).where(i.c.id > after, i.c.opened_at >= since)).scalars()
    )


def _handed(conn: Connection, since: datetime) -> Rows:
    """Return the handoffs to live agents: when each happened, when its wait ended, and when an
    agent first texted."""
    of_it = m.c.interaction_id == w.c.interaction_id
    last_before = (
        select(m.c.seq)
        .where(of_it, m.c.created_at < w.c.created_at)
        .order_by(m.c.seq.desc())
        .limit(1)
        .correlate(w)
        .scalar_subquery()
    )
    answered = (
        select(m.c.created_at)
        .where(
            of_it,
            m.c.seq > sa.func.coalesce(last_before, 0),
            m.c.kind == Kind.MESSAGE,
            m.c.author == Author.AGENT,
        )
        .order_by(m.c.seq)
        .limit(1)
        .correlate(w)
        .scalar_subquery()
    )
    after = _before(conn, w, w.c.created_at, since)
    query = select(
        w.c.created_at, w.c.ended_at, sa.type_coerce(answered, t.UtcTime()).label("answered_at")
    ).where(w.c.id > after, w.c.created_at >= since, w.c.from_agent_id.is_(None))
    return conn.execute(query).all()


def _closed(conn: Connection, since: datetime) -> Rows:
    """Return the closed conversations: when and how each was closed, and when a live agent first
    had it."""
    first = (
        select(m.c.created_at)
        .where(m.c.interaction_id == i.c.id, m.c.owner == Owner.AGENT)
        .order_by(m.c.seq)
        .limit(1)
        .correlate(i)
        .scalar_subquery()
    )
    query = select(i.c.closed_at, i.c.state, sa.type_coerce(first, t.UtcTime()).label("taken_at"))
    return conn.execute(query.where(i.c.closed_at >= since)).all()


def _hours(
    since: datetime, now: datetime, opened: Iterable[datetime], handed: Rows, closed: Rows
) -> list[Hour]:
    """Return the hours of the day. An opened or closed conversation and a handoff each count in one
    hour. ``waiting`` counts the waits that were running when the hour began."""

    def hour_of(at: datetime) -> int:
        return int((at - since) / HOUR)

    opened_in = Counter(map(hour_of, opened))
    handed_in, ended = _by(hour_of, handed, "created_at"), _by(hour_of, closed, "closed_at")
    waited = Counter(
        n for r in handed for n in range(hour_of(r.created_at) + 1, hour_of(r.ended_at or now) + 1)
    )
    return [
        Hour(
            begins_at=since + n * HOUR,
            opened=opened_in[n],
            handed=len(handed_in[n]),
            abandoned=sum(r.state == State.CLOSED_ABANDONED for r in ended[n]),
            waiting=waited[n],
            first_answer=_median(_seconds(handed_in[n])),
            handling=_median(_handling(ended[n])),
        )
        for n in range(hour_of(now) + 1)
    ]


def _by(
    hour_of: Callable[[datetime], int], rows: Rows, column: str
) -> defaultdict[int, list[sa.Row[tuple[object, ...]]]]:
    found: defaultdict[int, list[sa.Row[tuple[object, ...]]]] = defaultdict(list)
    for r in rows:
        found[hour_of(r._mapping[column])].append(r)
    return found


def _seconds(handed: Rows) -> list[float]:
    return [
        (r.answered_at - r.created_at).total_seconds() for r in handed if r.answered_at is not None
    ]


def _handling(closed: Rows) -> list[float]:
    return [(r.closed_at - r.taken_at).total_seconds() for r in closed if r.taken_at is not None]


def _median(seconds: Sequence[float]) -> int | None:
    return round(median(seconds)) if seconds else None


def _durations(seconds: Sequence[float]) -> Durations | None:
    return Durations(median=round(median(seconds)), mean=round(fmean(seconds))) if seconds else None
