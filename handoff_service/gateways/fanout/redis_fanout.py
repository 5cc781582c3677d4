"""Fan-out across processes through Redis pub/sub. Hints contain only ids. Without Redis, each
process still delivers its own hints.

Redis stores nothing for a disconnected subscriber. When hints may be lost, listeners get the hint
``EVERYTHING`` and catch up from the database. A process sends its own listeners this hint after
each new subscription to Redis, and every few seconds while it has no subscription. If it could not
publish its own hints, it also sends ``EVERYTHING`` to the other processes.
"""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import redis.asyncio as redis
from redis.exceptions import RedisError

from handoff_service import log
from handoff_service.gateways.fanout.hint_format import as_list, read_hint
from handoff_service.gateways.fanout.local_fanout import LocalFanout
from handoff_service.lib.background import Background
from handoff_service.store.engine.transaction import EVERYTHING, Hint

MAX_WAITING = 10_000  # batches of hints that wait until they are published
TRY_AGAIN = 1.0  # seconds
CONNECT_WITHIN = 2.0  # seconds
ANSWER_WITHIN = 2.0  # seconds; after this silence, Redis counts as hung
PING_AFTER = 1.0  # seconds without a message
CATCH_UP_EVERY = 4.0  # seconds between two catch-ups while Redis is unavailable
LOG_GARBAGE_EVERY = 60.0  # seconds between two log lines about invalid messages
SEND, RECEIVE = "redis_send", "redis_receive"


def channel_of(desk_id: str) -> str:
    """Return the desk's channel. Its name contains the desk's id, because other desks may use the
    same Redis server, and all databases of a Redis server share their channels."""
    return f"patchboard:{desk_id}:hints"


async def publish_once(url: str, channel: str, sender: str, hints: Sequence[Hint]) -> None:
    """Publish hints from a process that has no fan-out, such as a command. Raises RedisError,
    OSError."""
    client = redis.from_url(
        url, socket_connect_timeout=CONNECT_WITHIN, socket_timeout=ANSWER_WITHIN
    )
    try:
        await client.publish(channel, _message(sender, hints))
    finally:
        await client.aclose()


def _message(sender: str, hints: Sequence[Hint]) -> str:
    return json.dumps([sender, [as_list(hint) for hint in hints]])


class RedisFanout:
    """Delivers this process's hints directly, and exchanges hints with other processes through the
    desk's Redis channel."""

    def __init__(
        self,
        url: str,
        *,
        channel: str,
        background: Background | None = None,
        returned: Callable[[], None] = lambda: None,
    ) -> None:
        self._local = LocalFanout()
        self._redis = redis.from_url(
            url, socket_connect_timeout=CONNECT_WITHIN, socket_timeout=ANSWER_WITHIN
        )
        self._channel = channel
        self._background = background or Background()
        # called when Redis returns after an outage of more than CATCH_UP_EVERY seconds
        self._returned = returned
        self._away_since: float | None = None
        self._me = secrets.token_hex(8)
        self._waiting: asyncio.Queue[Sequence[Hint]] = asyncio.Queue(MAX_WAITING)
        # whether this process lost hints of its own and has not sent EVERYTHING to the others yet
        self._unpublished = False
        self._subscribed = asyncio.Event()
        self._garbage = 0
        self._garbage_logged_at = float("-inf")

    async def start(self) -> None:
        """Connect and listen. If Redis is unavailable, the background tasks keep trying."""
        self._background.start(SEND, self._send)
        self._background.start(RECEIVE, self._receive)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._subscribed.wait(), TRY_AGAIN)

    def publish(self, hints: Sequence[Hint]) -> None:
        self._local.publish(hints)
        self.publish_to_others(hints)

    def publish_to_others(self, hints: Sequence[Hint]) -> None:
        try:
            self._waiting.put_nowait(hints)
        except asyncio.QueueFull:
            self._unpublished = True

    def catch_up(self) -> None:
        self._local.catch_up()

    def listen(
        self, channels: Sequence[str]
    ) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Hint]]]:
        return self._local.listen(channels)

    def end_streams(self) -> None:
        self._local.end_streams()

    async def close(self) -> None:
        await self._background.stop(SEND, RECEIVE)
        await self._publish_rest()
        await self._local.close()
        with suppress(RedisError, OSError):
            await self._redis.aclose()

    async def _send(self) -> None:
        while True:
            hints = [EVERYTHING] if self._unpublished else await self._waiting.get()
            self._unpublished = False
            if not await self._publish(hints):
                await asyncio.sleep(TRY_AGAIN)

    async def _publish(self, hints: Sequence[Hint]) -> bool:
        try:
            sent = self._redis.publish(self._channel, _message(self._me, hints))
            await asyncio.wait_for(sent, ANSWER_WITHIN)
        except (RedisError, OSError, TimeoutError) as error:
            self._unpublished = True
            log.warning("hint_not_sent", why=type(error).__name__)
            return False
        return True

    async def _publish_rest(self) -> None:
        """Publish the hints that still wait, such as the nudge for work that this process has
        released."""
        rest: dict[Hint, None] = {EVERYTHING: None} if self._unpublished else {}
        while not self._waiting.empty():
            rest |= dict.fromkeys(self._waiting.get_nowait())
        if rest:
            await self._publish(list(rest))

    async def _receive(self) -> None:
        caught_up_at = time.monotonic()
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await asyncio.wait_for(
                        pubsub.subscribe(self._channel), CONNECT_WITHIN + ANSWER_WITHIN
                    )
                    await self._listen(pubsub)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("redis_away", why=type(error).__name__)
            if self._away_since is None:
                self._away_since = time.monotonic()
            await asyncio.sleep(TRY_AGAIN)
            if time.monotonic() - caught_up_at > CATCH_UP_EVERY:
                caught_up_at = time.monotonic()
                self._local.catch_up()

    async def _listen(self, pubsub: Any) -> None:
        """Handle messages. Raises TimeoutError when Redis is silent for too long and does not
        answer a ping."""
        heard_at = pinged_at = time.monotonic()
        while True:
            message = await pubsub.get_message(timeout=PING_AFTER)
            now = time.monotonic()
            if message is not None:
                heard_at = now
                if message["type"] == "subscribe":
                    self._begin()
                elif message["type"] == "message":
                    self._take(message["data"])
            elif now - heard_at > PING_AFTER + ANSWER_WITHIN:
                raise TimeoutError
            elif now - pinged_at > PING_AFTER:
                pinged_at = now
                await asyncio.wait_for(pubsub.ping(), ANSWER_WITHIN)

    def _begin(self) -> None:
        """Handle a new subscription. The listeners catch up, because hints may have been lost
        before it."""
        self._subscribed.set()
        self._local.catch_up()
        since, self._away_since = self._away_since, None
        if since is not None and time.monotonic() - since > CATCH_UP_EVERY:
            log.info("redis_back", seconds=round(time.monotonic() - since))
            self._returned()

    def _take(self, message: bytes) -> None:
        try:
            sender, hints = json.loads(message)
            received = [read_hint(hint) for hint in hints]
        except (ValueError, TypeError, RecursionError):
            self._note_garbage()
            return
        if sender != self._me:
            self._local.publish(received)

    def _note_garbage(self) -> None:
        self._garbage += 1
        if time.monotonic() - self._garbage_logged_at > LOG_GARBAGE_EVERY:
            log.warning("hint_not_understood", count=self._garbage)
            self._garbage, self._garbage_logged_at = 0, time.monotonic()
