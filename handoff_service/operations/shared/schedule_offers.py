"""Schedule a run of ``offer_work``. Every operation that queues work or frees an agent's capacity
calls this."""

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction


def schedule_offers(tx: Transaction) -> None:
    """Schedule a run now, because a requester waits or an agent has room."""
    due_work.schedule(
        tx,
        [
            due_work.Due(
                kind=Work.OFFER_WORK, key=due_work.DESK_LINE, line=due_work.DESK_LINE, due_at=tx.now
            )
        ],
    )
