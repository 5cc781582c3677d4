"""End an interaction: clear its owner and cancel its pending work."""

from sqlalchemy import update

from handoff_service.operations.shared import change_owner
from handoff_service.operations.shared.cancel_scheduled import cancel_scheduled
from handoff_service.operations.shared.cancel_work_item import cancel_work_item
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.operations.shared.schedule_satisfaction import schedule_satisfaction
from handoff_service.rules.conversations import states
from handoff_service.rules.conversations.states import AGENT_TRANSITIONS
from handoff_service.rules.shared.vocabulary import Owner, State, Work
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.conversations.messages import first_text
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import timers

DESCRIPTION = 160  # the most characters of a short description that comes from the first text


def end_interaction(
    tx: Transaction,
    interaction: InteractionRow,
    state: State,
    *,
    sentence: str,
    reason: str | None = None,
    described: str | None = None,
    agent_id: int | None = None,
) -> None:
    """Close a locked, active interaction. ``described``: the short description. If it is None or
    empty, the stored one stays; if there is none, the requester's first text becomes it."""
    cancel_scheduled(
        tx, interaction, "A scheduled text was canceled with the end of the conversation"
    )
    change_owner.change_owner(
        tx, interaction, owner=Owner.NONE, sentence=sentence, reason=reason, agent_id=agent_id
    )
    first = first_text(tx.conn, interaction.id)[:DESCRIPTION]
    description = (described or "").strip() or interaction.short_description or first or None
    interactions.put_state(
        tx.conn, interaction.id, states.TRANSITIONS[interaction.state][AGENT_TRANSITIONS[state]]
    )
    tx.conn.execute(
        update(t.interactions)
        .where(t.interactions.c.id == interaction.id)
        .values(closed_at=tx.now, short_description=description, unanswered=None)
    )
    cancel_work_item(tx, interaction.id)
    due_work.cancel(tx, Work.END_HOLD, [interaction.id])
    timers.cancel(tx, [interaction.id])
    due_work.cancel(tx, Work.BOT_TURN, [interaction.id])
    if state is State.CLOSED_COMPLETE:
        schedule_satisfaction(tx, interaction)
    schedule_offers(tx)
