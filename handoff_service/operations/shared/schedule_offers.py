"""Ask for a look through the queues. Every verb that makes somebody wait, or makes room with an agent, does so."""

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine.lanes import Transaction


def schedule_offers(tx: Transaction) -> None:
    """Somebody waits, or somebody has become free: look through the queues."""
    due_work.schedule(
        tx, [due_work.Due(kind=Work.OFFER_WORK, key=due_work.DESK_LINE, line=due_work.DESK_LINE, due_at=tx.now)]
    )
