"""Give an interaction to a new owner."""

from dataclasses import replace

from sqlalchemy import update

from handoff_service.operations.shared.messages import append_line
from handoff_service.rules.shared.vocabulary import Event, Owner
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


def change_owner(
    tx: Transaction,
    interaction: InteractionRow,
    *,
    owner: Owner,
    sentence: str,
    reason: str | None = None,
    agent_id: int | None = None,
    queue_id: int | None = None,
) -> InteractionRow:
    """Give the interaction to a new owner in the next epoch, and add a line about it. A running
    identity proof ends. ``agent_id``: the new owner if the owner is an agent; else the agent who
    acts. ``queue_id`` None: the queue does not change. Returns the interaction with its new owner
    and epoch, but with its earlier agent and queue."""
    epoch = interaction.epoch + 1
    tx.conn.execute(
        update(t.interactions)
        .where(t.interactions.c.id == interaction.id)
        .values(
            owner=owner,
            epoch=epoch,
            assigned_to=agent_id
            if owner is Owner.AGENT
            else interaction.assigned_to
            if owner is Owner.NONE
            else None,
            queue_id=queue_id or interaction.queue_id,
            expects=None,
            back_to=None,
        )
    )
    changed = replace(interaction, owner=owner, epoch=epoch, expects=None, back_to=None)
    append_line(tx, changed, sentence, event=Event.OWNER_CHANGED, reason=reason, agent_id=agent_id)
    return changed
