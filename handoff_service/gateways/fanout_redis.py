"""Fan-out across processes by Redis pub/sub. Hints carry ids only; without Redis each process still serves its own."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, suppress

import redis.asyncio as redis
from redis.exceptions import RedisError

from handoff_service import log
from handoff_service.gateways.fanout_local import LocalFanout
from handoff_service.store.lanes import Hint

MOST_WAITING = 10_000
TRY_AGAIN = 1.0  # seconds


class RedisFanout:
    """Hints of this process are served at once; to and from the others they go through one channel."""

    def __init__(self, url: str, *, channel: str = "patchboard:hints") -> None:
        self._local = LocalFanout()
        self._redis = redis.from_url(url)
        self._channel = channel
        self._me = secrets.token_hex(8)
        self._waiting: asyncio.Queue[Sequence[Hint]] = asyncio.Queue(MOST_WAITING)
        self._tasks: list[asyncio.Task[None]] = []
        self._subscribed = asyncio.Event()

    async def start(self) -> None:
        """Connect and listen. Without Redis this goes on trying in the background."""
        self._tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._receive())]
        with suppress(TimeoutError):
            await asyncio.wait_for(self._subscribed.wait(), TRY_AGAIN)

    def publish(self, hints: Sequence[Hint]) -> None:
        self._local.publish(hints)
        with suppress(asyncio.QueueFull):  # a hint may be lost
            self._waiting.put_nowait(hints)

    def listen(self, topics: Sequence[str]) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Hint]]]:
        return self._local.listen(topics)

    def end_streams(self) -> None:
        self._local.end_streams()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._local.close()
        await self._redis.aclose()

    async def _send(self) -> None:
        while True:
            hints = await self._waiting.get()
            message = json.dumps([self._me, [[h.topic, h.interaction_id, h.by] for h in hints]])
            try:
                await self._redis.publish(self._channel, message)
            except (RedisError, OSError) as error:
                log.trouble("hint_not_sent", why=type(error).__name__)

    async def _receive(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    self._subscribed.set()
                    async for message in pubsub.listen():
                        if message["type"] == "message":
                            self._take(message["data"])
            except (RedisError, OSError) as error:
                log.trouble("redis_away", why=type(error).__name__)
                await asyncio.sleep(TRY_AGAIN)

    def _take(self, message: bytes) -> None:
        sender, hints = json.loads(message)
        if sender != self._me:
            self._local.publish([Hint(*hint) for hint in hints])
