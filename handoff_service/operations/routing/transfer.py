"""Transfer a conversation to a queue, or to another agent who accepts or rejects it. The recipient
sees the sender's note.

The assigned agent keeps and answers the conversation until the other agent accepts. If the offer is
rejected, expires or is withdrawn, the conversation stays with the assigned agent. The sender and
the assigned agent can be different people. A conversation has at most one pending transfer.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert, select

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.routing.hand_off import hand_off
from handoff_service.operations.routing.offer_to import offer_to
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.cancel_work_item import cancel_work_item
from handoff_service.operations.shared.message_text import checked_text
from handoff_service.operations.shared.new_message import NewMessage
from handoff_service.operations.shared.participation import active, lock_for, notify_owner
from handoff_service.rules.routing.assignment import presence_words
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, Owner, WorkItemState
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import candidates, inbox, work_items

LONGEST_NOTE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Exactly one of ``to_agent`` and ``to_queue`` must be set. Both are ids."""

    interaction_id: int
    agent_id: int
    to_agent: int | None = None
    to_queue: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTransfer:
    interaction_id: int
    agent_id: int


def transfer(tx: Transaction, command: Transfer) -> None:
    """Transfer the conversation to an agent or a queue. Raises BadInput when the command names
    both or neither, NotFound for an unknown agent or queue, and Conflict when a transfer is
    impossible now."""
    if (command.to_agent is None) == (command.to_queue is None):
        raise BadInput(errors={"agent_id": phrase("give either agent_id or queue_id")})
    interaction = active(lock_for(tx, command.interaction_id, command.agent_id))
    if interaction.owner is not Owner.AGENT:
        raise Conflict(
            phrase("No live agent has this conversation. Take it over before you transfer it.")
        )
    note = (
        checked_text(command.note, most=LONGEST_NOTE)
        if command.note and command.note.strip()
        else None
    )
    if command.to_agent is not None:
        _to_agent(tx, interaction, command.agent_id, command.to_agent, note)
    else:
        _to_queue(tx, interaction, command.agent_id, command.to_queue or 0, note)


def cancel_transfer(tx: Transaction, command: CancelTransfer) -> None:
    """Cancel a pending transfer. Raises Conflict when there is none."""
    interaction = active(lock_for(tx, command.interaction_id, command.agent_id))
    if _pending_recipient(tx, interaction.id) is None:
        raise Conflict(phrase("There is no transfer to cancel. Reload the page."))
    cancel_work_item(tx, interaction.id)
    by = agent_name(tx.conn, command.agent_id)
    _add_message(tx, interaction, f"{by} canceled the transfer", None, command.agent_id)
    notify_owner(tx, interaction, command.agent_id, "canceled the transfer")


def _to_agent(
    tx: Transaction, interaction: InteractionRow, sender: int, to: int, note: str | None
) -> None:
    other = candidates.candidate(tx.conn, to)
    if other is None:
        raise NotFound(phrase("There is no active agent {id}.", id=to))
    if interaction.assigned_to == to:
        raise Conflict(
            phrase("{name} already has this conversation. Choose another agent.", name=other.name)
        )
    if not other.takes_work:
        raise Conflict(
            phrase(
                "{name} has the presence “{presence}”. Choose somebody who is available, or a "
                "queue.",
                name=other.name,
                presence=presence_words(other.presence),
            )
        )
    if other.load >= other.capacity:
        raise Conflict(
            phrase(
                "{name} is at capacity: {load} of {capacity}. Choose somebody else, or a queue.",
                name=other.name,
                load=other.load,
                capacity=other.capacity,
            )
        )
    if (recipient := _pending_recipient(tx, interaction.id)) is not None:
        raise Conflict(
            phrase("A transfer to {name} is already waiting. Cancel it first.", name=recipient)
        )
    by = agent_name(tx.conn, sender)
    queue = tx.conn.execute(
        select(*t.queues.c["id", "accept_seconds"]).where(
            t.queues.c.id == _queue_of(tx, interaction)
        )
    ).one()
    work_item_id = tx.conn.execute(
        insert(t.work_items)
        .values(
            interaction_id=interaction.id,
            queue_id=queue.id,
            state=WorkItemState.PENDING_ACCEPT,
            reason=f"{by} is transferring this to you.",
            collected=work_items.collected(tx.conn, interaction.id),
            for_agent_id=to,
            from_agent_id=sender,
            note=note,
            created_at=tx.now,
        )
        .returning(t.work_items.c.id)
    ).scalar_one()
    offer_to(tx, work_item_id, [to], until=tx.now + timedelta(seconds=queue.accept_seconds))
    _add_message(tx, interaction, f"{by} is transferring this to {other.name}", note, sender)
    notify_owner(tx, interaction, sender, f"is transferring this to {other.name}")


def _to_queue(
    tx: Transaction, interaction: InteractionRow, sender: int, to: int, note: str | None
) -> None:
    queue = tx.conn.execute(select(t.queues.c.name).where(t.queues.c.id == to)).scalar()
    if queue is None:
        raise NotFound(phrase("There is no queue {id}.", id=to))
    notify_owner(tx, interaction, sender, f"transferred this to {queue}", taken=True)
    by = agent_name(tx.conn, sender)
    collected = work_items.collected(tx.conn, interaction.id)
    hand_off(
        tx, interaction, f"{by} transferred it.", collected, queue_id=to, sender=sender, note=note
    )
    if note:
        line = NewMessage(kind=Kind.NOTE, author=Author.AGENT, body=note, agent_id=sender)
        messages.append(tx, interactions.lock(tx.conn, interaction.id), line)


def _pending_recipient(tx: Transaction, interaction_id: int) -> str | None:
    """The name of the agent to whom the conversation is being transferred. None without a pending
    transfer."""
    found = inbox.transfer_of(tx.conn, interaction_id)
    return found.to.name if found is not None else None


def _queue_of(tx: Transaction, interaction: InteractionRow) -> int:
    p = t.provider_numbers
    own = select(p.c.queue_id).where(p.c.id == interaction.provider_number_id)
    return interaction.queue_id or tx.conn.execute(own).scalar_one()


def _add_message(
    tx: Transaction, interaction: InteractionRow, sentence: str, reason: str | None, agent_id: int
) -> None:
    messages.append_line(
        tx, interaction, sentence, event=Event.TRANSFER, reason=reason, agent_id=agent_id
    )
