"""Release the queued texts of a line that the desk delays."""

from collections.abc import Collection

from sqlalchemy import select

from handoff_service.rules.shared.vocabulary import Status, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction


def release_lines(tx: Transaction, lines: Collection[str]) -> None:
    """Make delayed messages of these lines due now: those that wait for the end of quiet hours, for
    the number's rate or for the end of an undo delay. A reply is queued after them, so the send
    gates must check them again.
    """
    d, m = t.due_work, t.messages
    # a failure of the provider counts as an attempt, but a delay by the desk does not
    untried = d.c.attempts == 0
    held = d.c.due_at == due_work.HELD  # held until an admin releases the work
    waits = select(d.c.key).where(
        d.c.kind == Work.DELIVER,
        one_of(d.c.line, lines),
        d.c.due_at > tx.now,
        untried,
        ~held,
    )
    keys = [int(key) for key in tx.conn.execute(waits).scalars()]
    if not keys:
        return
    queued = select(m.c.id).where(one_of(m.c.id, keys), m.c.status == Status.QUEUED)
    for message_id in tx.conn.execute(queued).scalars().all():
        due_work.release(tx, Work.DELIVER, message_id, tx.now)
