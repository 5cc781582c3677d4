"""Ask for a run of ``offer_work``. Every operation that queues work or frees an agent's capacity
calls this.

Each transaction that asks adds a row of its own to the due work, and the next run removes them all.
One row for the whole desk would be contended: each transaction that changes it would wait for the
commit of the one before, on whatever host, and for the end of a run that is under way.
"""

import secrets
from collections.abc import Collection

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction

#: The line of these rows. It is not the line of the runs themselves, because a row that is due
#: later would block the rows after it.
ASKED = f"{due_work.DESK_LINE}:asked"


def schedule_offers(tx: Transaction) -> None:
    """Schedule a run now, because a requester waits or an agent has room."""
    tx.at_end(_ask, [due_work.DESK_LINE])
    tx.work_is_due(tx.now)


def _ask(tx: Transaction, _desk: Collection[str]) -> None:
    key = f"{ASKED}:{secrets.token_hex(8)}"
    due_work.schedule(tx, [due_work.Due(kind=Work.OFFER_WORK, key=key, line=ASKED, due_at=tx.now)])
