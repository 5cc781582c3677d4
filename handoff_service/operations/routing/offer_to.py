"""Offer a work item to agents."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import insert, update

from handoff_service.rules.shared.vocabulary import Work, WorkItemState
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import work_items


def offer_to(
    tx: Transaction, work_item_id: int, agents: Collection[int], *, until: datetime, round_: int = 1
) -> None:
    """Offer a work item to these agents. ``until``: when the offers expire."""
    o, w = t.offers, t.work_items
    for agent_id in agents:
        offer_id = tx.conn.execute(
            insert(o)
            .values(
                work_item_id=work_item_id,
                agent_id=agent_id,
                offered_at=tx.now,
                expires_at=until,
                round=round_,
            )
            .returning(o.c.id)
        ).scalar_one()
        due_work.schedule(
            tx,
            [
                due_work.Due(
                    kind=Work.EXPIRE_OFFER,
                    key=str(offer_id),
                    line=f"offer:{offer_id}",
                    due_at=until,
                )
            ],
        )
        tx.hint(f"agent:{agent_id}")
    tx.desk_changed()
    tx.conn.execute(
        update(w).where(w.c.id == work_item_id).values(state=WorkItemState.PENDING_ACCEPT)
    )
    work_items.assigned(tx, agents)
