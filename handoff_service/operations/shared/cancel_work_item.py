"""A conversation does not wait for an agent any more."""

from sqlalchemy import update

from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.shared.vocabulary import OfferOutcome, Work, WorkItemState
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.routing import work_items


def cancel_work_item(tx: Transaction, interaction_id: int) -> None:
    """Its work item is canceled, its offers are withdrawn; a transfer that was under way has come to nothing."""
    w = t.work_items
    waiting = tx.conn.execute(
        update(w)
        .where(w.c.interaction_id == interaction_id, work_items.WAITS)
        .values(state=WorkItemState.CANCELED, ended_at=tx.now)
        .returning(w.c.id)
    ).scalars()
    withdraw(tx, list(waiting))


def withdraw(tx: Transaction, work_item_ids: list[int]) -> None:
    """Take back every open offer of these work items, which makes room with those who were asked."""
    ended = work_items.end_offers(tx, work_item_ids, OfferOutcome.WITHDRAWN)
    if ended:
        schedule_offers(tx)
    for offer_id, agent_id in ended:
        due_work.cancel(tx, Work.EXPIRE_OFFER, [offer_id])
        tx.hint(f"agent:{agent_id}")
        tx.desk_changed()
