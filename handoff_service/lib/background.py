"""Supervises the background tasks of a process, so that no task ends unnoticed.

Each task has a name and runs until it is canceled. If a task raises an error or ends, this module
logs and counts that, and restarts the task after a pause. The pause doubles with each failure in a
row, up to ``LONGEST_PAUSE``.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from handoff_service import log

FIRST_PAUSE = 0.5  # seconds before the first restart
LONGEST_PAUSE = 30.0  # seconds
RAN_WELL = 10.0  # seconds; after this time without a failure, the count of failures starts again
KEEPS_FAILING = 2  # failures in a row; from then on, ``failing`` names the task

type Run = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _State:
    """A task's recent failures."""

    failures: int = 0  #: consecutive failures
    started_at: float = 0.0  #: by the monotonic clock
    error: str = ""  #: the class of the latest error


class Background:
    """Starts, restarts and counts tasks. Calls ``failed`` with a task's name at each failure."""

    def __init__(
        self, failed: Callable[[str], None] = lambda _name: None, *, pause: float = FIRST_PAUSE
    ) -> None:
        self._failed = failed
        self._pause = pause
        self._states: dict[str, _State] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, run: Run) -> None:
        """Run this in the background until it is stopped. ``name`` must be unique."""
        if name in self._tasks:
            raise ValueError(f"The background task {name!r} was started already.")
        self._states[name] = _State()
        self._tasks[name] = asyncio.create_task(self._supervise(name, run), name=name)

    def failing(self) -> dict[str, str]:
        """The tasks that keep failing -> a sentence with the reason."""
        return {
            name: f"This background task has failed {state.failures} times in a row "
            f"({state.error})."
            for name, state in self._states.items()
            if state.failures >= KEEPS_FAILING and not self._has_run_well(state)
        }

    async def stop(self, *names: str) -> None:
        """Cancel these tasks, or all tasks if no names are given, and wait until they have
        ended.
        """
        stopped = [
            self._tasks.pop(name) for name in names or list(self._tasks) if name in self._tasks
        ]
        for task in stopped:
            task.cancel()
        await asyncio.gather(*stopped, return_exceptions=True)

    async def _supervise(self, name: str, run: Run) -> None:
        state = self._states[name]
        while True:
            state.started_at = time.monotonic()
            try:
                await run()
                error: Exception | None = None
            except Exception as raised:  # noqa: BLE001  # any failure must lead to a restart
                error = raised
            if self._has_run_well(state):
                state.failures = 0
            state.failures += 1
            state.error = _name(error) if error else "it ended"
            pause = min(self._pause * 2 ** min(state.failures - 1, 10), LONGEST_PAUSE)
            self._failed(name)
            log.warning(
                "background_task_failed",
                error=error,
                task=name,
                failures=state.failures,
                restart_in=pause,
            )
            state.started_at = float("inf")  # the task does not run during the pause
            await asyncio.sleep(pause)

    def _has_run_well(self, state: _State) -> bool:
        return time.monotonic() - state.started_at >= RAN_WELL


def _name(error: BaseException) -> str:
    """The class of an error; for a group of errors, the class of the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__
