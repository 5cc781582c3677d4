"""Change the training data for a trainer on the pages Intents and Replies.

The database records the edit before the files change. After the first edit, changed data reaches
the bot only through a promotion. The service must know this when it starts again, even if it was
killed while it changed the files.
"""

from collections.abc import Callable

from handoff_service.errors import Refusal
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.training.record_edit import RecordEdit, forget_edit, record_edit
from handoff_service.store.engine.store import Store


async def edit[T](store: Store, agent_id: int, change: Callable[[], T]) -> T:
    """Make the change in a thread, and return its result. If the change is refused, delete its
    record and raise the error."""
    recorded = await store.write(record_edit, RecordEdit(agent_id=agent_id))
    try:
        return await run_slow(change)
    except Refusal:
        await store.write(forget_edit, recorded)
        raise
