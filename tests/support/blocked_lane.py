"""A lane that runs nothing for a while, so that a test can fill its queue."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import Transaction


@asynccontextmanager
async def blocked(store: Store) -> AsyncIterator[None]:
    """Block the lane of line 1 until the block ends. A block begins only when the lane runs its
    command: a thread that is only starting would take the next commands into the same batch."""
    began, goes_on = threading.Event(), threading.Event()

    def block(_tx: Transaction, _: None) -> None:
        began.set()
        goes_on.wait(30)

    blocking = asyncio.ensure_future(store.write(block, None, near=1))
    assert await asyncio.to_thread(began.wait, 10)
    try:
        yield
    finally:
        goes_on.set()
        await blocking
