"""The targets of agents' notifications."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.routing.notifications import NotificationMethod
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.vocabulary import Presence, Role, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.sealed import opened
from handoff_service.store.views import NotificationTarget

n, a = t.notification_targets, t.agents
_TAKES_WORK = sa.or_(
    a.c.presence == Presence.AVAILABLE,
    a.c.presence.in_(select(t.presence_states.c.name).where(t.presence_states.c.takes_work)),
)
_SUPERVISORS = select(t.agent_roles.c.agent_id).where(t.agent_roles.c.role == Role.SUPERVISOR)
_TARGETS = (
    select(*n.c["id", "agent_id", "way", "address", "keys", "noticed_at", "sent_at"])
    .add_columns(*a.c["email", "language"], _TAKES_WORK.label("takes_work"))
    .join(a, a.c.id == n.c.agent_id)
    .where(a.c.active)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target of an active agent.

    - ``keys``: the browser's encryption keys, for push.
    - ``takes_work``: whether the presence that the agent has chosen accepts work; if not, only
      supervisors' news is sent.
    - ``language``: the language of the notifications; English unless the agent has chosen another.
    """

    id: int
    agent_id: int
    way: NotificationMethod
    address: str
    keys: dict[str, str]
    noticed_at: datetime
    sent_at: datetime | None
    takes_work: bool = True
    language: Language = Language.ENGLISH


def of_agent(conn: Connection, agent_id: int) -> list[NotificationTarget]:
    """Return the agent's targets, oldest first."""
    rows = conn.execute(select(n).where(n.c.agent_id == agent_id).order_by(n.c.id))
    return [
        NotificationTarget(
            id=r.id,
            way=r.way,
            name=r.name,
            address=opened(conn, n.c.address, r.address) or None,
            created_at=r.created_at,
            sent_at=r.sent_at,
            error=r.error,
        )
        for r in rows
    ]


def has_targets(conn: Connection) -> bool:
    return conn.execute(select(n.c.id).limit(1)).first() is not None


def of_agents_without_page(conn: Connection, now: datetime, grace: timedelta) -> list[Target]:
    """Return the targets of agents who have no page open, and who have chosen a presence that
    accepts work, or are supervisors who are not offline. ``grace``: how long after closing the last
    page an agent is set to Away. (While a page is open, ``operations/routing/connection.py`` moves
    that deadline.)
    """
    watches = sa.and_(a.c.presence != Presence.OFFLINE, a.c.id.in_(_SUPERVISORS))
    connected = select(t.due_work.c.key).where(
        t.due_work.c.kind == Work.LOST_CONNECTION, t.due_work.c.due_at > now + grace
    )
    rows = conn.execute(
        _TARGETS.where(
            sa.or_(_TAKES_WORK, watches),
            sa.cast(a.c.id, sa.Text).not_in(connected),
        )
    )
    return [_target(conn, r) for r in rows]


def one_of_agent(conn: Connection, agent_id: int, target_id: int) -> Target | None:
    row = conn.execute(_TARGETS.where(n.c.agent_id == agent_id, n.c.id == target_id)).one_or_none()
    return None if row is None else _target(conn, row)


def mark_of(address: str) -> str:
    """Return the hash by which a sealed address can be found."""
    return hashlib.sha256(address.encode()).hexdigest()


def _target(conn: Connection, row: Any) -> Target:
    is_mail = row.way == NotificationMethod.MAIL
    return Target(
        id=row.id,
        agent_id=row.agent_id,
        way=NotificationMethod(row.way),
        # empty if the service does not have its key; sending then fails with a reason
        address=row.email if is_mail else opened(conn, n.c.address, row.address) or "",
        keys=row.keys,
        noticed_at=row.noticed_at,
        sent_at=row.sent_at,
        takes_work=bool(row.takes_work),
        language=Language(row.language or Language.ENGLISH),
    )
