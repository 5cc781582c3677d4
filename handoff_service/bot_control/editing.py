"""Changes the data for a trainer on the pages Intents and Replies.

The database records the edit before the files change. From the first edit on, the bot gets changed
data only through a promotion. If the service is killed after it changed the files, it must find the
record when it starts again."""

from collections.abc import Callable

from handoff_service.errors import Refusal
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.training.record_edit import RecordEdit, forget_edit, record_edit
from handoff_service.store.engine.store import Store


async def edit[T](store: Store, agent_id: int, change: Callable[[], T]) -> T:
    """Make the change in a thread. Raises its errors. If the change is refused, this deletes its
    record."""
    recorded = await store.write(record_edit, RecordEdit(agent_id=agent_id))
    try:
        return await run_slow(change)
    except Refusal:
        await store.write(forget_edit, recorded)
        raise
