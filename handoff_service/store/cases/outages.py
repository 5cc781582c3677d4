"""Outages, and the announcements with which the virtual agent answers questions about them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.cases import outages as rules
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.views import Outage

o = t.outages


def list_(conn: Connection) -> list[Outage]:
    """Return all outages, latest start first."""
    return _read(conn, sa.true())


def get(conn: Connection, outage_id: int, at: datetime | None = None) -> Outage:
    """Return this outage. Raises NotFound for an unknown id. ``at``: the transaction's time, for
    calls inside a transaction."""
    found = _read(conn, o.c.id == outage_id, at)
    if not found:
        raise NotFound(phrase("There is no outage {outage_id}.", outage_id=outage_id))
    return found[0]


def current(conn: Connection) -> list[Outage]:
    """Return the outages that the virtual agent announces now."""
    return [outage for outage in _read(conn, o.c.active) if outage.current]


def stored(row: sa.Row[tuple[object, ...]]) -> rules.OutageFields:
    """Convert a row to the type that the rules use."""
    return rules.OutageFields(
        title=row.title, text=row.text, since=row.since, until=row.until, active=row.active
    )


def _read(
    conn: Connection, where: sa.ColumnElement[bool], at: datetime | None = None
) -> list[Outage]:
    rows = conn.execute(select(o).where(where).order_by(o.c.since.desc(), o.c.id.desc()))
    return [_shown(row, at or read_at(conn)) for row in rows]


def _shown(row: sa.Row[tuple[object, ...]], now: datetime) -> Outage:
    return Outage(**row._mapping, current=stored(row).is_current(now))
