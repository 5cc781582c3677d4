"""Store the facts of conversations that reports need, one batch at a time. The whole desk has one
piece of due work for this.

Other transactions do no work for reports. The job finds the conversations with new lines, computes
their facts without blocking writes, and then writes the rows. It stores the id of the last line
that it has processed, so it resumes there after an outage. When no facts are missing, it packs the
facts of days that no longer change.

The job pauses after each batch while there is more to do. It therefore uses at most a quarter of a
processor, and texts are not delayed.
"""

import time
from datetime import timedelta

from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.steps import in_steps
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.reports import facts, pack_days

EVERY = timedelta(minutes=1)
PAUSE = 3  # the pause after a batch, as a multiple of the time that the batch took


def schedule_facts(tx: Transaction, _command: None = None) -> None:
    """Start the recurring job."""
    due_work.schedule(
        tx,
        [
            due_work.Due(
                kind=Work.KEEP_FACTS,
                key=due_work.DESK_LINE,
                line=due_work.DESK_LINE,
                due_at=tx.now,
            )
        ],
    )


def reschedule(tx: Transaction, after: timedelta) -> None:
    due_work.release(tx, Work.KEEP_FACTS, due_work.DESK_LINE, tx.now + after, attempts=0)


async def when_due(job: Job) -> None:
    began = time.perf_counter()
    more = await _write_batch(job) or await _pack_one(job)
    took = timedelta(seconds=time.perf_counter() - began)
    await job.write(reschedule, PAUSE * took if more else EVERY)


async def _write_batch(job: Job) -> bool:
    """Write the facts of the next batch. Returns whether another batch is ready."""
    batch = await job.deps.store.read(facts.next_batch)
    await in_steps(job, "facts", batch.rows, facts.write_rows, list)
    await job.write(facts.write_progress, batch)
    return batch.more


async def _pack_one(job: Job) -> bool:
    """Pack the facts of one day. Returns False when there was no day to pack."""
    day = await job.deps.store.read(pack_days.next_to_pack)
    if day is None:
        return False
    await job.write(pack_days.begin_packing, day.day)
    await in_steps(job, "columns", day.rows, pack_days.write_columns, list)
    await job.write(pack_days.end_packing, day)
    return True
