"""Reads the audit log for the page, the API and CSV files."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.desk.audit import AuditAction
from handoff_service.store.engine import tables as t

e, k = t.audit_log, t.audit_links
_ENTRIES = select(e, k.c.place).outerjoin(k, k.c.entry_id == e.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries to show. A field that is ``None`` or empty does not filter. ``subject``: the
    kind of record. ``record``: its id. ``agent``: part of a name. ``until``: only entries before
    this time."""

    action: AuditAction | None = None
    subject: str = ""
    record: str = ""
    agent: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogEntry:
    """An entry. ``subject``: the kind of record. ``record``: its id. ``name``: its name. ``agent``:
    the agent's name at that time. ``agent_id``: null for a command in a terminal, the desk file, a
    job, single sign-on or an unknown person. ``address``: the network address, if known. ``place``:
    the place in the hash chain; null before the entry is chained."""

    id: int
    at: datetime
    action: AuditAction
    subject: str
    record: str
    name: str
    agent_id: int | None
    agent: str
    address: str
    details: dict[str, Any]
    place: int | None


def entries(
    conn: Connection, chosen: AuditFilter, *, before: int | None = None, limit: int
) -> list[AuditLogEntry]:
    """Return entries, newest first. ``before``: the last id of the previous page."""
    query = _ENTRIES.where(*_conditions(chosen)).order_by(e.c.id.desc()).limit(limit)
    rows = conn.execute(query if before is None else query.where(e.c.id < before))
    return [AuditLogEntry(**{**row._mapping, "action": AuditAction(row.action)}) for row in rows]


def subjects(conn: Connection) -> list[str]:
    """Return all subjects that occur in the log."""
    return list(conn.execute(select(e.c.subject).distinct().order_by(e.c.subject)).scalars())


def _conditions(chosen: AuditFilter) -> list[sa.ColumnElement[bool]]:
    found = [
        e.c[name] == value
        for name in ("action", "subject", "record")
        if (value := getattr(chosen, name))
    ]
    if chosen.agent:
        found.append(e.c.agent.icontains(chosen.agent, autoescape=True))
    if chosen.since:
        found.append(e.c.at >= chosen.since)
    if chosen.until:
        found.append(e.c.at < chosen.until)
    return found
