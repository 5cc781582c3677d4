"""Make new texts findable, a batch at a time, as one piece of due work for the whole desk.

Nothing of this is in the transaction that stores a text: a process that has written asks for it a moment later (see
``app.py``), and each asks when it starts, so that what an earlier one left is found as well.
"""

from datetime import timedelta

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import text_index
from handoff_service.store.engine import due_work
from handoff_service.store.engine.lanes import Transaction

A_MOMENT = timedelta(seconds=1)  # how long a text may be stored before it can be found


def index_texts(tx: Transaction, _command: None = None) -> bool:
    """Index one batch. Returns whether there is more, which is then due at once."""
    newest = text_index.newest_message(tx.conn)
    due_work.cancel(tx, Work.INDEX_TEXTS, [due_work.DESK_LINE])  # before looking: what is stored after this asks again
    more = text_index.index_next(tx.conn, newest)
    if more:
        want_index(tx)
    return more


def want_index(tx: Transaction, _command: None = None) -> None:
    """There may be texts that are not indexed."""
    due_work.schedule(
        tx, [due_work.Due(kind=Work.INDEX_TEXTS, key=due_work.DESK_LINE, line=due_work.DESK_LINE, due_at=tx.now)]
    )
