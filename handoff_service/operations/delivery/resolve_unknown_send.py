"""An agent settles a message with an unknown outcome: marks it as sent, or sends it again."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.events_at_end import of_statuses
from handoff_service.operations.shared.participation import lock_for, notify_owner
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Event, Status, Work
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

# the age at which agents may decide; a callback or the provider's list usually settles it earlier
LONG_ENOUGH = timedelta(minutes=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveSend:
    interaction_id: int
    message_id: int
    agent_id: int
    went_out: bool


def resolve_unknown_send(tx: Transaction, command: ResolveSend) -> None:
    """Record the agent's decision. Raises NotFound for a message outside this interaction. Raises
    Conflict when the outcome is known, or while the provider may still report it."""
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    m = t.messages
    this = (m.c.id == command.message_id, m.c.interaction_id == interaction.id)
    row = tx.conn.execute(
        select(*m.c["status", "created_at"]).where(*this).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(
            phrase(
                "There is no message {message_id} in this conversation.",
                message_id=command.message_id,
            )
        )
    if row.status != Status.UNKNOWN:
        raise Conflict(
            phrase("The outcome of this text is already known. Reload the page to see it.")
        )
    if tx.now - row.created_at < LONG_ENOUGH:
        raise Conflict(
            phrase(
                "We are asking the provider. If it has no answer in a few minutes, you can decide."
            )
        )
    name = agent_name(tx.conn, command.agent_id)
    if command.went_out:
        tx.conn.execute(update(m).where(*this).values(status=Status.SENT, changed_at=tx.now))
        due_work.cancel(tx, Work.DELIVER, [command.message_id])
        tx.at_end(of_statuses, [command.message_id])
    else:
        tx.conn.execute(update(m).where(*this).values(status=Status.QUEUED, changed_at=tx.now))
        due_work.release(tx, Work.DELIVER, command.message_id, tx.now)
    did = "marked it as sent" if command.went_out else "sent it again"
    messages.append_line(
        tx, interaction, f"{name} {did}", event=Event.STATE, agent_id=command.agent_id
    )
    what = "marked a text as sent" if command.went_out else "sent a text again"
    notify_owner(tx, interaction, command.agent_id, what)
