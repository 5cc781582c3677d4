"""Agents' sessions."""

from datetime import datetime

from sqlalchemy import Connection, select

from handoff_service.store.engine import tables as t
from handoff_service.store.views import AgentSession

_COLUMNS = t.sessions.c["token_hash", "created_at", "last_used_at", "device"]


def is_active_since(conn: Connection, agent_id: int, since: datetime) -> bool:
    """Return whether the agent has been active since then in any session."""
    s = t.sessions
    acted = select(s.c.token_hash).where(s.c.agent_id == agent_id, s.c.last_active_at >= since)
    return conn.execute(acted.limit(1)).first() is not None


def sessions_of(conn: Connection, agent_id: int, now: datetime) -> list[AgentSession]:
    """Return the agent's open sessions, newest first."""
    s = t.sessions
    rows = conn.execute(
        select(*_COLUMNS)
        .where(s.c.agent_id == agent_id, s.c.expires_at > now)
        .order_by(s.c.created_at.desc(), s.c.token_hash)
    )
    return [
        AgentSession(
            key=r.token_hash, started_at=r.created_at, last_used_at=r.last_used_at, device=r.device
        )
        for r in rows
    ]
