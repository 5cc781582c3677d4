"""An agent's sessions: record their use, and end one.

An open page fetches updates automatically, so a used session does not prove that its agent is
present. A session is *active* when its agent writes, clicks or types.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update

from handoff_service.errors import NotFound
from handoff_service.operations.desk.sign_in import CurrentAgent, token_hash
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

# recording each request would be too expensive
RECORDED_EVERY = timedelta(minutes=5)
ACTIVITY_RECORDED_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class SessionUse:
    """``is_act``: whether the agent did something. False: the page only fetched updates."""

    token: str
    is_act: bool


@dataclass(frozen=True, slots=True)
class EndSession:
    """``key``: the session's key in the agent's list."""

    agent_id: int
    key: str


def is_due(agent: CurrentAgent, now: datetime, *, is_act: bool) -> bool:
    """Whether to record a use of the session at this time."""
    if is_act and _is_old(agent.last_active_at, now, ACTIVITY_RECORDED_EVERY):
        return True
    return _is_old(agent.last_used_at, now, RECORDED_EVERY)


def _is_old(last: datetime | None, now: datetime, after: timedelta) -> bool:
    return last is None or now - last >= after


def record_use(tx: Transaction, use: SessionUse) -> None:
    """Record that this session is in use."""
    s = t.sessions
    values = {"last_used_at": tx.now} | ({"last_active_at": tx.now} if use.is_act else {})
    tx.conn.execute(update(s).where(s.c.token_hash == token_hash(use.token)).values(values))


def end_own_session(tx: Transaction, command: EndSession) -> None:
    """End one of the agent's own sessions. Its open pages then show the sign-in page. Raises
    NotFound when the session has ended."""
    s = t.sessions
    ended = delete(s).where(s.c.agent_id == command.agent_id, s.c.token_hash == command.key)
    if not tx.conn.execute(ended).rowcount:
        raise NotFound(phrase("This session has already ended. Reload the page."))
    tx.hint(f"agent:{command.agent_id}")
