"""Computes how long agents were available, from the log of their presences."""

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.reports.ranges import DayRange
from handoff_service.rules.shared.vocabulary import Presence
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.one_of import one_of

g, s = t.presence_log, t.presence_states


def seconds_available(
    conn: Connection, of: DayRange, agents: Collection[int] | None = None
) -> dict[int, int]:
    """Return for how many seconds each agent's presence accepted work. Agents whose presence never
    accepted work are left out. ``agents``: None for all."""
    zone = ZoneInfo(desk_time_zone(conn))
    start = datetime.combine(of.first, time(), zone).astimezone(UTC)
    end = datetime.combine(of.last + timedelta(days=1), time(), zone).astimezone(UTC)
    end = max(min(end, read_at(conn)), start)
    until = func.lead(g.c.since).over(partition_by=g.c.agent_id, order_by=g.c.id)
    spans = select(g.c.agent_id, g.c.presence, g.c.since, until.label("until"))
    spans = spans.where(g.c.since < end)
    if agents is not None:
        spans = spans.where(one_of(g.c.agent_id, agents))
    found = spans.subquery()
    ends = sa.type_coerce(found.c.until, t.UtcTime())
    query = select(found.c.agent_id, found.c.since, ends).where(
        one_of(found.c.presence, _accepting_work(conn)),
        sa.or_(found.c.until.is_(None), ends > start),
    )
    totals: dict[int, float] = {}
    for agent, since, until_then in conn.execute(query):
        span = min(until_then or end, end) - max(since, start)
        totals[agent] = totals.get(agent, 0) + max(span.total_seconds(), 0)
    return {agent: round(total) for agent, total in totals.items() if total}


def _accepting_work(conn: Connection) -> list[str]:
    own = conn.execute(select(s.c.name).where(s.c.takes_work)).scalars()
    return [Presence.AVAILABLE, *own]
