"""Alarms for supervisors about blocked automatic replies to unknown numbers."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.delivery.reply_limits import DAY, HOUR, LAST_DIGITS, Limit
from handoff_service.store.desk import desk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.views.supervision import FullRange, ReachedCap

i, m = t.interactions, t.messages


def full_ranges(conn: Connection) -> list[FullRange]:
    """Return the number ranges with a blocked reply in the last hour. Texts that the provider
    refused do not count."""
    number_range = func.substr(
        i.c.requester_number, 1, func.length(i.c.requester_number) - LAST_DIGITS
    )
    query = _alarms(conn, number_range, func.count(i.c.requester_number.distinct()))
    query = query.join(i, i.c.id == m.c.interaction_id)
    # null in rows from versions that had only the range limit
    is_range_limit = sa.or_(m.c.reason.is_(None), m.c.reason == Limit.RANGE)
    rows = conn.execute(query.where(is_range_limit).group_by(number_range).order_by(number_range))
    return [FullRange(begins_with=r[0], numbers=r[1], texts=r[2], since=r[3]) for r in rows]


def reached_caps(conn: Connection) -> list[ReachedCap]:
    """Return the desk's caps that blocked a reply in the last hour."""
    caps = (Limit.HOURLY, Limit.DAILY)
    query = (
        _alarms(conn, m.c.reason)
        .where(m.c.reason.in_(caps))
        .group_by(m.c.reason)
        .order_by(m.c.reason.desc())
    )
    found = conn.execute(query).all()
    limits = desk.reply_limits(conn) if found else None
    return [
        ReachedCap(
            limit=Limit(r.reason).name.lower(),
            most=getattr(limits, Limit(r.reason).name.lower()),
            texts=r[1],
            since=r[2],
        )
        for r in found
    ]


def _alarms(conn: Connection, *what: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Build the query for active alarms. Its columns are ``what``, the number of replies that were
    blocked within a day, and the time of the first one."""
    at = read_at(conn)
    return (
        select(*what, func.count(m.c.id), func.min(m.c.created_at))
        .select_from(m)
        .where(t.IN_FULL_RANGE, m.c.created_at > at - DAY, m.c.provider_sid.is_(None))
        .having(func.max(m.c.created_at) > at - HOUR)
    )
