"""Ask for a look through the queues. Every verb that makes somebody wait, or makes room with an agent, does so."""

from handoff_service.rules.vocabulary import Work
from handoff_service.store import due
from handoff_service.store.lanes import Transaction


def offer_soon(tx: Transaction) -> None:
    """Somebody waits, or somebody has become free: look through the queues."""
    due.arm(tx, [due.Due(kind=Work.OFFER_WORK, key=due.DESK_LINE, line=due.DESK_LINE, due_at=tx.now)])
