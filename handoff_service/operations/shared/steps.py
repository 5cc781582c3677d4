"""Long work in steps. Each step is one transaction, which holds the lane for a short time, so that
texts and requests get in between.

A step writes rows that a search outside the lane has found. The number of rows follows from the
time that the last step of the same kind took: see ``step_size.py``.

A step need not be on the disk when its commit ends, because a search after a crash finds the same
rows again. The next commit of another kind puts it there, so work that is recorded as done is done.
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
    """A step's answer, and how long its statements took."""

    answer: R
    seconds: float


async def in_steps[K, C](
    job: Job,
    kind: str,
    keys: Sequence[K],
    operation: Callable[[Transaction, C], bool | None],
    command: Callable[[Sequence[K]], C],
) -> bool:
    """Carry out an operation for all these keys, some at a time. Steps of the same ``kind`` share a
    pace. ``command`` makes the command for some keys.

    An operation that returns False ends the work early. Returns whether all keys are done.
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


@cache  # one function for each operation, because ``fenced`` keeps what it wraps
def timed[C, R](operation: Callable[[Transaction, C], R]) -> Callable[[Transaction, C], Took[R]]:
    """The operation as a step: its answer says how long it took, and its commit does not wait for
    the disk."""

    @wraps(operation)
    def run(tx: Transaction, command: C) -> Any:
        began = monotonic()
        tx.commit_without_flush()
        answer = operation(tx, command)
        return Took(answer, monotonic() - began)

    return run
