"""Reads by key that share a transaction.

Every request looks up its session, and every event stream does so again at each heartbeat. With
1,000 agents, one transaction for each lookup would take most of a reader's time. So lookups that
arrive while a read is running wait for it, and the next read gets all their keys.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

type ByKeys[K, R] = Callable[[sa.Connection, Sequence[K]], Mapping[K, R]]


class GroupedRead[K, R]:
    """One query, which reads the values of many keys. ``read``: runs it, and returns the values of
    the keys that exist."""

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, R]]]) -> None:
        self._read = read
        self._waiting: dict[K, asyncio.Future[R | None]] = {}
        self._running: asyncio.Task[None] | None = None

    async def get(self, key: K) -> R | None:
        """Return the value of this key, or None. The read begins after this call, so it sees all
        that was committed before."""
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        # a caller who is canceled must not cancel the others
        return await asyncio.shield(answer)

    async def _run(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, {}
            try:
                found = await self._read(list(taken))
            except Exception as error:  # noqa: BLE001  # belongs to the callers
                for answer in taken.values():
                    answer.set_exception(error)
            else:
                for key, answer in taken.items():
                    answer.set_result(found.get(key))
        self._running = None


class GroupedReads:
    """The grouped reads of one store. ``read``: the store's own method."""

    def __init__(self, read: Callable[..., Awaitable[Any]]) -> None:
        self._read = read
        self._of_queries: dict[object, GroupedRead[Any, Any]] = {}

    def of[K, R](self, query: ByKeys[K, R]) -> GroupedRead[K, R]:
        found = self._of_queries.get(query)
        if found is None:
            found = self._of_queries[query] = GroupedRead(lambda keys: self._read(query, keys))
        return found
