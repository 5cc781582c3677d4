"""The turns that run in this process: each once, and those of a conversation in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from bot.turn_request import Turn


@dataclass(frozen=True)
class Answer:
    """The answer to a turn. `report`: the value of the header `Patchboard-Turn`."""

    replies: list[dict[str, Any]]
    report: str | None = None


class RunningTurns:
    """The turns that run in this process, by sender and turn_id."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, Hashable], asyncio.Task[Answer]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def join(self, turn: Turn, run: Callable[[Turn], Awaitable[Answer]]) -> Answer:
        """Return the answer to a turn. The turn starts unless it is already running. Raises the
        errors of `run`.

        The turns of a conversation run one after the other. Each is a separate task. If the client
        disconnects, the turn still runs to its end.
        """
        key = (turn.sender, object() if turn.turn_id is None else turn.turn_id)
        if key not in self._running:
            task = self._running[key] = asyncio.ensure_future(self._in_order(turn, run))
            task.add_done_callback(lambda _: self._running.pop(key))
        return await asyncio.shield(self._running[key])

    async def _in_order(self, turn: Turn, run: Callable[[Turn], Awaitable[Answer]]) -> Answer:
        lock = self._locks.setdefault(turn.sender, asyncio.Lock())
        async with lock:
            return await run(turn)
