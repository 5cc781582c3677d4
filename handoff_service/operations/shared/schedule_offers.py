"""Schedule a run of ``offer_work``. Every operation that queues work or frees an agent's capacity
calls this."""

from collections.abc import Collection

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction


def schedule_offers(tx: Transaction) -> None:
    """Schedule a run now, because a requester may be waiting or an agent may have room."""
    tx.at_end(_ask_once, [due_work.DESK_LINE])


def _ask_once(tx: Transaction, _desk: Collection[str]) -> None:
    due_work.ask(tx, Work.OFFER_WORK)
