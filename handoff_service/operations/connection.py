"""An agent whose connection is lost is set away after the desk's grace time.

While an agent has an event stream open, somewhere, the time at which they would count as lost is pushed on every few
seconds. So nothing has to be noticed when a browser, a network or a whole process goes: the time simply comes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from handoff_service.operations.presence import change_presence
from handoff_service.rules.vocabulary import Presence, Work
from handoff_service.store import due
from handoff_service.store import tables as t
from handoff_service.store.lanes import Transaction

LOST = "The connection was lost"
AWAY_AFTER = timedelta(seconds=45)  # of a desk without settings


@dataclass(frozen=True, slots=True)
class Connected:
    """Agents who have an event stream open now."""

    agent_ids: Collection[int]


@dataclass(frozen=True, slots=True)
class Lost:
    agent_id: int


def still_connected(tx: Transaction, command: Connected) -> None:
    """Push on the time at which these agents would count as lost."""
    at = tx.now + _grace(tx)
    due.arm(
        tx, [due.Due(kind=Work.LOST_CONNECTION, key=str(k), line=f"agent:{k}", due_at=at) for k in command.agent_ids]
    )


def connection_lost(tx: Transaction, command: Lost) -> None:
    """The time has come."""
    due.disarm(tx, Work.LOST_CONNECTION, [command.agent_id])
    change_presence(tx, command.agent_id, Presence.AWAY, reason=LOST, only_if_taking_work=True)


def grace_after_start(tx: Transaction, _command: None = None) -> None:
    """The service was away itself: everybody gets the grace time anew."""
    at = tx.now + _grace(tx)
    d = t.due_work
    tx.conn.execute(update(d).where(d.c.kind == Work.LOST_CONNECTION, d.c.due_at < at).values(due_at=at))
    tx.work_is_due(at)


def _grace(tx: Transaction) -> timedelta:
    seconds = tx.conn.execute(select(t.desk.c.away_after_seconds)).scalar()
    return AWAY_AFTER if seconds is None else timedelta(seconds=seconds)
