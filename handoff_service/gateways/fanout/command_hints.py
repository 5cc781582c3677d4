"""Sends the hints of a command, such as ``patchboard import``, to the running service. The service
treats them like the hints of its own commits."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from redis.exceptions import RedisError

from handoff_service.clock import Clock
from handoff_service.errors import Unavailable
from handoff_service.gateways.fanout.redis_fanout import publish_once
from handoff_service.gateways.fanout.worker_nudges import WORK_IS_DUE
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine.transaction import Hint
from handoff_service.worker import LONGEST_SLEEP

type Send = Callable[[Sequence[Hint]], Awaitable[None]]


def through_redis(url: str, channel: Callable[[], Awaitable[str]]) -> Send:
    """Return a function that sends hints to every process of the desk. The function raises
    RedisError, OSError, and the errors of ``channel``."""
    sender = secrets.token_hex(8)

    async def send(hints: Sequence[Hint]) -> None:
        await publish_once(url, await channel(), sender, hints)

    return send


class CommandHints:
    """Sends the hints of one command's commits, and nudges the workers of the running services."""

    def __init__(self, send: Send, clock: Clock) -> None:
        self._send, self._clock = send, clock
        self._waiting: dict[Hint, None] = {}
        self._sending: asyncio.Task[None] | None = None
        self.seen: set[str] = set()  #: the channels of all hints
        self.lost = False  #: whether a hint could not be sent

    def committed(self, hints: Sequence[Hint], work_at: Mapping[Work, datetime]) -> None:
        """Queue these hints. They are sent after the hints that are being sent now. Call this on
        the event loop."""
        self._waiting |= dict.fromkeys(hints)
        self.seen |= {hint.channel for hint in hints}
        # the workers find later work without a nudge
        if work_at and min(work_at.values()) <= self._clock() + LONGEST_SLEEP:
            self._waiting[WORK_IS_DUE] = None
        if self._waiting and self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def finish(self) -> None:
        """Wait until all hints are sent or lost."""
        while self._sending is not None:
            await self._sending

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                hints, self._waiting = list(self._waiting), {}
                await self._send(hints)
        except (RedisError, OSError, TimeoutError, Unavailable):
            self.lost = True
            self._waiting = {}
        finally:
            self._sending = None
