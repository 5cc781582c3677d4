"""An agent's own sessions: when each was last used, and ending them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update

from handoff_service.errors import NotFound
from handoff_service.operations.desk.sign_in import token_hash
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction

RECORDED_EVERY = timedelta(minutes=5)  # one write for each request would be too many


@dataclass(frozen=True, slots=True)
class EndSession:
    """``key``: the session's key in the agent's list."""

    agent_id: int
    key: str


def is_due(last_used_at: datetime | None, now: datetime) -> bool:
    """Whether a use at this time should be recorded."""
    return last_used_at is None or now - last_used_at >= RECORDED_EVERY


def record_use(tx: Transaction, token: str) -> None:
    """Record that this session is in use."""
    s = t.sessions
    tx.conn.execute(
        update(s).where(s.c.token_hash == token_hash(token)).values(last_used_at=tx.now)
    )


def end_own_session(tx: Transaction, command: EndSession) -> None:
    """End one of the agent's own sessions; its open pages lead to the sign-in. NotFound."""
    s = t.sessions
    ended = delete(s).where(s.c.agent_id == command.agent_id, s.c.token_hash == command.key)
    if not tx.conn.execute(ended).rowcount:
        raise NotFound("This session has already ended.")
    tx.hint(f"agent:{command.agent_id}")
