"""Request a run of ``offer_work``. Every operation that queues work or frees an agent's capacity
calls this function. Each such transaction adds its own row to the due work, and the next run
removes all these rows. With one row for the whole desk, each transaction would wait until the
previous one on any host commits, and until a present run ends.
"""

import secrets
from collections.abc import Collection

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction

#: The line of the requests for a run. The runs have a different line, because in one line a row
#: that is due later would block the rows after it.
ASKED = f"{due_work.DESK_LINE}:asked"


def schedule_offers(tx: Transaction) -> None:
    """Schedule a run now, because a requester waits or an agent has room."""
    tx.at_end(_ask, [due_work.DESK_LINE])
    tx.work_is_due(tx.now)


def _ask(tx: Transaction, _desk: Collection[str]) -> None:
    key = f"{ASKED}:{secrets.token_hex(8)}"
    due_work.schedule(tx, [due_work.Due(kind=Work.OFFER_WORK, key=key, line=ASKED, due_at=tx.now)])
