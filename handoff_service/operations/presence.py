"""An agent's presence: it stands until it is changed."""

from dataclasses import dataclass

from sqlalchemy import update

from handoff_service.operations.hand_off import offer_soon
from handoff_service.rules.vocabulary import Presence
from handoff_service.store import tables as t
from handoff_service.store.lanes import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPresence:
    """``only_from``: change it only when it is this now (signing in makes an offline agent available)."""

    agent_id: int
    presence: Presence
    only_from: Presence | None = None


def set_presence(tx: Transaction, command: SetPresence) -> None:
    """Change an agent's presence; somebody who becomes available may be offered what waits."""
    query = update(t.agents).where(t.agents.c.id == command.agent_id).values(presence=command.presence)
    if command.only_from is not None:
        query = query.where(t.agents.c.presence == command.only_from)
    if tx.conn.execute(query).rowcount:
        tx.hint(f"agent:{command.agent_id}")
        if command.presence is Presence.AVAILABLE:
            offer_soon(tx)
