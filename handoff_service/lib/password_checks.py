"""Password checks: a few at a time, in their own threads.

One check uses a processor core for about 50 ms, and 64 MB of memory. At most ``AT_ONCE`` checks run
at a time, and the next ones wait. If ``MOST_WAITING`` checks already wait, Patchboard refuses the
sign-in and asks the person to try again. A flood of sign-ins therefore needs little memory, and
does not slow down webhooks.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from handoff_service.errors import Busy

AT_ONCE = 2
MOST_WAITING = 20  # about half a second of work
# the niceness of these threads, so that webhooks have priority; not every system supports this
NICE = 10


class PasswordChecks:
    """Runs password checks. Use it on one event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(
            AT_ONCE, thread_name_prefix="password", initializer=_lower_priority
        )
        self._unfinished = 0  # running and waiting checks

    def admit(self) -> None:
        """Raise Busy when too many checks wait. Call this at the start of a sign-in."""
        if self._unfinished >= AT_ONCE + MOST_WAITING:
            raise Busy

    async def run[**P, R](self, check: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the check and return its result. Raises Busy when too many checks wait."""
        self.admit()
        self._unfinished += 1
        done = self._threads.submit(check, *args, **kwargs)
        loop = asyncio.get_running_loop()

        def count(_done: object) -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._leave)

        # count the check until its end, even after the client has disconnected, because it still
        # occupies its thread
        done.add_done_callback(count)
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Drop the waiting checks."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _leave(self) -> None:
        self._unfinished -= 1


def _lower_priority() -> None:
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
