"""Hand a conversation off to live agents: put it into a queue as a work item."""

from collections.abc import Mapping

from sqlalchemy import insert, select

from handoff_service.operations.routing.choose_queue import About, choose_queue
from handoff_service.operations.shared.cancel_work_item import cancel_work_item
from handoff_service.operations.shared.change_owner import change_owner
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.shared.vocabulary import Owner, Work, WorkItemState
from handoff_service.store.conversations import live_group
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


def hand_off(
    tx: Transaction,
    interaction: InteractionRow,
    reason: str,
    collected: Mapping[str, str],
    *,
    queue_id: int | None = None,
    sender: int | None = None,
    note: str | None = None,
) -> InteractionRow:
    """Put a locked, active interaction into a queue. The agent who had it leaves the live group.

    ``queue_id`` None: the conditions of the queues decide. ``collected``: the facts that the bot
    has collected: name -> value. ``sender``: the agent who transfers the interaction. ``note``: the
    sender's note to the next agent.
    """
    if queue_id is None:
        number, user = interaction.provider_number_id, interaction.user_id
        queue_id = choose_queue(
            tx, About(provider_number_id=number, user_id=user, collected=collected)
        )
    queue = tx.conn.execute(
        select(*t.queues.c["id", "name"]).where(t.queues.c.id == queue_id)
    ).one()
    cancel_work_item(tx, interaction.id)
    due_work.cancel(tx, Work.BOT_TURN, [interaction.id])
    sentence = f"Handed to {queue.name}"
    if sender is not None:
        sentence = f"{agent_name(tx.conn, sender)} transferred this to {queue.name}"
    changed = change_owner(
        tx,
        interaction,
        owner=Owner.QUEUE,
        sentence=sentence,
        reason=reason if sender is None else None,
        queue_id=queue.id,
    )
    tx.conn.execute(
        insert(t.work_items).values(
            interaction_id=interaction.id,
            queue_id=queue.id,
            state=WorkItemState.QUEUED,
            reason=reason,
            collected=dict(collected),
            from_agent_id=sender,
            note=note,
            created_at=tx.now,
        )
    )
    if interaction.owner is Owner.AGENT and interaction.assigned_to is not None:
        live_group.leave(tx, interaction.id, interaction.assigned_to)
    schedule_offers(tx)
    return changed
