"""Cancel an agent's text during the short delay in which it can be undone."""

from dataclasses import dataclass

from sqlalchemy import select, update

from handoff_service.errors import Conflict
from handoff_service.operations.conversations.reopen import restart_timers
from handoff_service.operations.shared import conversation_hints
from handoff_service.operations.shared.events_at_end import of_statuses
from handoff_service.operations.shared.participation import lock_for
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Status, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

CANCELED = "Canceled, because the agent undid the macro before this text was sent."
m = t.messages


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDelayed:
    interaction_id: int
    agent_id: int
    message_id: int


def cancel_delayed(tx: Transaction, command: CancelDelayed) -> None:
    """Cancel the agent's own queued text. Raises Conflict for any other message, such as a text
    that has already been sent or canceled."""
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    waits = select(m.c.id).where(
        m.c.id == command.message_id,
        m.c.interaction_id == interaction.id,
        m.c.author == Author.AGENT,
        m.c.agent_id == command.agent_id,
        m.c.status == Status.QUEUED,
    )
    if tx.conn.execute(waits.with_for_update()).first() is None:
        raise Conflict(phrase("The text was already sent or canceled, so it cannot be undone."))
    values = {"status": Status.CANCELED, "reason": CANCELED}
    tx.conn.execute(update(m).where(m.c.id == command.message_id).values(**values))
    due_work.cancel(tx, Work.DELIVER, [command.message_id])
    tx.at_end(of_statuses, [command.message_id])
    if interaction.active:
        restart_timers(tx, interaction)
    conversation_hints.notify(tx, [interaction.id])
