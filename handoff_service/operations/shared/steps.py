"""Do long work in steps. Each step is one short transaction, so that texts and requests are handled
between the steps.

Before the first step, a read finds the rows to write. The durations of the last two steps of the
same kind decide how many rows the next step writes (see ``step_size.py``).

A step's commit does not wait for the disk. After a crash of the database, the job finds the lost
rows again. An ordinary commit records that the job is done, and flushes all steps before it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from time import monotonic
from typing import Any

from handoff_service.operations.shared.job import Job
from handoff_service.rules.shared.step_size import Pace, next_pace
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Took[R]:
    """A step's result, and how long its statements took."""

    answer: R
    seconds: float


async def in_steps[K, C](
    job: Job,
    kind: str,
    keys: Sequence[K],
    operation: Callable[[Transaction, C], bool | None],
    command: Callable[[Sequence[K]], C],
) -> bool:
    """Carry out an operation for all these keys, some at a time. ``kind``: steps of the same kind
    share a pace. ``command``: makes the command for some of the keys.

    If the operation returns False, the work ends early. Returns whether all keys are done.
    """
    paces, done = job.deps.paces, 0
    while done < len(keys):
        pace = paces.get(kind, Pace())
        some = keys[done : done + pace.size]
        took: Took[bool | None] = await job.write(timed(operation), command(some))
        await job.deps.store.checkpoint()
        if took.answer is False:
            return False
        paces[kind] = next_pace(pace, len(some), took.seconds)
        done += len(some)
    return True


@cache  # one wrapper per operation, because ``fenced`` caches by function
def timed[C, R](operation: Callable[[Transaction, C], R]) -> Callable[[Transaction, C], Took[R]]:
    """Turn an operation into a step. Its result contains its duration, and its commit does not
    wait for the disk."""

    @wraps(operation)
    def run(tx: Transaction, command: C) -> Any:
        began = monotonic()
        tx.commit_without_flush()
        answer = operation(tx, command)
        return Took(answer, monotonic() - began)

    return run
