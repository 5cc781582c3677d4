"""Hand a conversation over to live agents: it waits in its queue as a work item."""

from collections.abc import Mapping

from sqlalchemy import insert, select

from handoff_service.operations.say import owner_changed
from handoff_service.rules.vocabulary import Owner, Work, WorkItemState
from handoff_service.store import due
from handoff_service.store import tables as t
from handoff_service.store.interactions import Interaction
from handoff_service.store.lanes import Transaction


def hand_off(tx: Transaction, interaction: Interaction, reason: str, collected: Mapping[str, str]) -> Interaction:
    """Put a locked, active interaction into its queue. ``collected`` is what the bot learned, by name."""
    queue = tx.conn.execute(
        select(*t.queues.c["id", "name"])
        .join(t.provider_numbers, t.provider_numbers.c.queue_id == t.queues.c.id)
        .where(t.provider_numbers.c.id == interaction.provider_number_id)
    ).one()
    changed = owner_changed(
        tx, interaction, owner=Owner.QUEUE, said=f"Handed to {queue.name}", reason=reason, queue_id=queue.id
    )
    tx.conn.execute(
        insert(t.work_items).values(
            interaction_id=interaction.id,
            queue_id=queue.id,
            state=WorkItemState.QUEUED,
            reason=reason,
            collected=dict(collected),
            created_at=tx.now,
        )
    )
    offer_soon(tx)
    return changed


def offer_soon(tx: Transaction) -> None:
    """Somebody waits, or somebody has become free: look through the queues."""
    due.arm(tx, [due.Due(kind=Work.OFFER_WORK, key=due.DESK_LINE, line=due.DESK_LINE, due_at=tx.now)])
