"""Add entries to the audit log. After the commit, a job adds them to the log's chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import insert, select

from handoff_service.rules.desk.audit import AuditAction
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

e, a = t.audit_log, t.agents
#: The channel of hints about new entries, which are not in the chain yet.
AUDIT = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """``subject``: the kind of the record. ``record``: its id. ``name``: its name. ``details``: the
    changes as field -> [before, after], or other facts, but never a secret. ``agent_id``: the agent
    who acted; None: the agent who sent the command."""

    action: AuditAction
    subject: str = ""
    record: str = ""
    name: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    agent_id: int | None = None


def audit(tx: Transaction, entry: AuditEntry) -> None:
    """Add one entry."""
    audit_many(tx, [entry])


def audit_many(tx: Transaction, entries: Sequence[AuditEntry]) -> None:
    """Add entries. Each entry stores the agent's current name, because the agent may be renamed
    later.
    """
    if not entries:
        return
    who = {entry.agent_id or tx.by for entry in entries} - {None}
    names = select(*a.c["id", "name"]).where(a.c.id.in_(who))
    called = {row.id: row.name for row in tx.conn.execute(names)} if who else {}
    rows = [
        {
            "at": tx.now,
            "action": entry.action,
            "subject": entry.subject,
            "record": entry.record,
            "name": entry.name,
            "agent_id": entry.agent_id or tx.by,
            "agent": called.get(entry.agent_id or tx.by or 0, ""),
            "address": tx.address,
            "details": dict(entry.details),
        }
        for entry in entries
    ]
    tx.conn.execute(insert(e), rows)
    tx.hint(AUDIT)


def viewed(subject: str, record: int, name: str) -> AuditEntry:
    """The entry for somebody who has viewed a person's record."""
    return AuditEntry(action=AuditAction.VIEWED, subject=subject, record=str(record), name=name)


def exported(
    subject: str, name: str, details: Mapping[str, Any] = MappingProxyType({})
) -> AuditEntry:
    """The entry for somebody who has exported data. ``name``: the file's name. ``details``: the
    filters of the export."""
    return AuditEntry(action=AuditAction.EXPORTED, subject=subject, name=name, details=details)
