"""Changes the data for a trainer on the pages Intents and Replies.

The edit is recorded before the files change. From the first edit on, only a promotion puts changed
data into the running model. So a service that is killed after it changed the files must find the
record when it starts again.
"""

from collections.abc import Callable

from handoff_service.errors import Refusal
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.training.record_edit import RecordEdit, forget_edit, record_edit
from handoff_service.store.engine.store import Store


async def edit[T](store: Store, agent_id: int, change: Callable[[], T]) -> T:
    """Make the change in a thread. Raises its errors. The record of a refused change is deleted."""
    recorded = await store.write(record_edit, RecordEdit(agent_id=agent_id))
    try:
        return await run_slow(change)
    except Refusal:
        await store.write(forget_edit, recorded)
        raise
