"""End an offer. If it was not accepted, its work item returns to the queue, or its transfer fails.
After a gap of the service, open offers get their full time again."""

from collections.abc import Collection

from sqlalchemy import select, update

from handoff_service.operations.shared.messages_to_many import prompt_each
from handoff_service.operations.shared.new_message import system_line
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.shared.vocabulary import (
    Event,
    OfferOutcome,
    Work,
    WorkItemState,
)
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing.offers import Offer


def end_offer(
    tx: Transaction,
    offer: Offer,
    outcome: OfferOutcome,
    reason: str | None = None,
    *,
    again: bool = True,
) -> None:
    """Record how the offer ended. ``again``: whether the agent may get this work item again in
    another round."""
    tx.conn.execute(
        update(t.offers)
        .where(t.offers.c.id == offer.id)
        .values(outcome=outcome, outcome_reason=reason, ended_at=tx.now, again=again)
    )
    due_work.cancel(tx, Work.EXPIRE_OFFER, [offer.id])
    tx.hint(f"agent:{offer.agent_id}")
    tx.desk_changed()


def renew_offers(tx: Transaction, offer_ids: Collection[int] | None = None) -> None:
    """Give these open offers their full time again, starting now. ``offer_ids`` None: all open
    offers."""
    o = t.offers
    query = select(*o.c["id", "agent_id", "offered_at", "expires_at"]).where(o.c.outcome.is_(None))
    if offer_ids is not None:
        query = query.where(one_of(o.c.id, offer_ids))
    for row in tx.conn.execute(query.order_by(o.c.id).with_for_update()).all():
        until = tx.now + (row.expires_at - row.offered_at)
        tx.conn.execute(
            update(o).where(o.c.id == row.id).values(offered_at=tx.now, expires_at=until)
        )
        due_work.schedule(
            tx,
            [
                due_work.Due(
                    kind=Work.EXPIRE_OFFER, key=str(row.id), line=f"offer:{row.id}", due_at=until
                )
            ],
        )
        tx.hint(f"agent:{row.agent_id}")
    tx.desk_changed()


def requeue_or_return(tx: Transaction, interaction: InteractionRow, offer: Offer, why: str) -> None:
    """Return the work item to the queue, unless it has other open offers. If the offer belongs to a
    transfer, cancel the transfer and prompt the agents of the conversation, which stays with its
    assigned agent. ``why``: the reason in the prompt.
    """
    w, o = t.work_items, t.offers
    schedule_offers(tx)
    this = update(w).where(w.c.id == offer.work_item_id)
    if offer.only is None:
        others = select(o.c.id).where(o.c.work_item_id == w.c.id, o.c.outcome.is_(None))
        tx.conn.execute(this.where(~others.exists()).values(state=WorkItemState.QUEUED))
        return
    tx.conn.execute(this.values(state=WorkItemState.CANCELED, ended_at=tx.now))
    sentence = (
        f"{agent_name(tx.conn, offer.agent_id)} {why}. The conversation stays with its agent."
    )
    line = system_line(sentence, event=Event.PROMPT)
    prompt_each(tx, [(interaction, line)])
