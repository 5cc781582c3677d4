"""Record a trainer's edits of the virtual agent's data on the pages Intents and Replies."""

from dataclasses import dataclass

from sqlalchemy import delete, insert

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

e = t.trainer_edits


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEdit:
    agent_id: int


def record_edit(tx: Transaction, command: RecordEdit) -> int:
    """Record an edit. Call this before the files change. Returns its id."""
    made = insert(e).values(agent_id=command.agent_id, made_at=tx.now).returning(e.c.id)
    return int(tx.conn.execute(made).scalar_one())


def forget_edit(tx: Transaction, edit_id: int) -> None:
    """Delete the record of an edit that was refused."""
    tx.conn.execute(delete(e).where(e.c.id == edit_id))
