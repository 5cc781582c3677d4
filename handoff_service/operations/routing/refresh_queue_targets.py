"""Update the targets of a queue's open conversations after its targets or opening hours have
changed.

The transaction that changes the queue updates the first conversations. Due work updates the others
in batches, so a queue with thousands of open conversations does not block other writes for seconds.
The key of a piece of work consists of the queue's id and the id of the last conversation that is
updated, such as ``3:17``.
"""

from collections.abc import Collection

from sqlalchemy import select

from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.refresh_targets import refresh_targets
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import interactions
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

AT_ONCE = 50  # the most conversations in one transaction


def refresh_queue_targets(tx: Transaction, queue_ids: Collection[int]) -> None:
    """Update the first conversations of these queues, and schedule the update of the others."""
    for queue_id in sorted(queue_ids):
        _refresh_some(tx, queue_id, after=0)


def refresh_next(tx: Transaction, key: str) -> None:
    """Update the next batch of conversations, and schedule the batch after it. ``key``: the key of
    the due work."""
    due_work.cancel(tx, Work.REFRESH_TARGETS, [key])
    queue_id, after = key.split(":")
    _refresh_some(tx, int(queue_id), after=int(after))


def _refresh_some(tx: Transaction, queue_id: int, *, after: int) -> None:
    i = t.interactions
    here = (i.c.queue_id == queue_id, i.c.closed_at.is_(None), i.c.id > after)
    ids = tx.conn.scalars(select(i.c.id).where(*here).order_by(i.c.id).limit(AT_ONCE)).all()
    tx.at_end(refresh_targets, interactions.lock_each(tx.conn, ids))
    if len(ids) == AT_ONCE:
        _schedule(tx, queue_id, ids[-1])


def _schedule(tx: Transaction, queue_id: int, done_to: int) -> None:
    work = due_work.Due(
        kind=Work.REFRESH_TARGETS,
        key=f"{queue_id}:{done_to}",
        line=f"targets:{queue_id}",
        due_at=tx.now,
    )
    due_work.schedule(tx, [work])


async def when_due(job: Job) -> None:
    await job.write(refresh_next, job.key)
