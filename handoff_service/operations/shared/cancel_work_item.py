"""Cancel a conversation's work item, or withdraw offers."""

from sqlalchemy import update

from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.shared.vocabulary import OfferOutcome, Work, WorkItemState
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import offers, work_items


def cancel_work_item(tx: Transaction, interaction_id: int) -> None:
    """Cancel the conversation's open work item, such as a pending transfer, and withdraw its
    offers."""
    w = t.work_items
    waiting = tx.conn.execute(
        update(w)
        .where(w.c.interaction_id == interaction_id, work_items.WAITS)
        .values(state=WorkItemState.CANCELED, ended_at=tx.now)
        .returning(w.c.id)
    ).scalars()
    withdraw(tx, list(waiting))


def withdraw(tx: Transaction, work_item_ids: list[int]) -> None:
    """Withdraw all open offers of these work items. This frees capacity of the agents who had
    them."""
    ended = offers.end_offers(tx, work_item_ids, OfferOutcome.WITHDRAWN)
    if ended:
        schedule_offers(tx)
    for offer_id, agent_id in ended:
        due_work.cancel(tx, Work.EXPIRE_OFFER, [offer_id])
        tx.hint(f"agent:{agent_id}")
        tx.desk_changed()
