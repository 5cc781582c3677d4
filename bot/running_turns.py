"""Runs each turn only once in this process, and the turns of one conversation in order."""

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
    """The turns that run in this process."""

    def __init__(self) -> None:
        # by sender and turn_id
        self._running: dict[tuple[str, Hashable], asyncio.Task[Answer]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def join(self, turn: Turn, run: Callable[[Turn], Awaitable[Answer]]) -> Answer:
        """Start a turn, or wait for it if it is already running. Returns its answer. Raises the
        errors of `run`.

        The turns of a conversation run one after the other. Each turn is a separate task, so it
        runs to its end even if the client disconnects.
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
