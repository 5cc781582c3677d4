"""Add a requester's note to the case that the virtual agent opened in this conversation."""

from dataclasses import dataclass

from sqlalchemy import select

from handoff_service.operations.cases.change_case import write_change
from handoff_service.rules.cases.cases import UNSETTLED, number
from handoff_service.rules.shared.vocabulary import Author
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

c, h = t.cases, t.case_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class AddToCase:
    """The virtual agent's request during a turn."""

    turn_id: int
    note: str


def add_to_case(tx: Transaction, command: AddToCase) -> str | None:
    """Add the note to the newest unresolved case that the virtual agent opened in this
    conversation. Returns the case's number, or None if there is no case to add to. A note that
    repeats the last one is not added, because a turn may run twice.
    """
    turn = select(t.bot_turns.c.interaction_id).where(t.bot_turns.c.id == command.turn_id)
    interaction = interactions.lock(tx.conn, tx.conn.execute(turn).scalar_one())
    made_here = (
        c.c.interaction_id == interaction.id,
        c.c.bot_turn_id.is_not(None),
        c.c.state.in_(sorted(UNSETTLED)),
    )
    row = tx.conn.execute(
        select(c).where(*made_here).order_by(c.c.id.desc()).limit(1).with_for_update()
    ).first()
    if row is None:
        return None
    last = select(h.c.note).where(h.c.case_id == row.id, h.c.version == row.version)
    if tx.conn.execute(last).scalar() != command.note:
        write_change(tx, row, Author.REQUESTER, None, {}, command.note)
    return number(row.id)
