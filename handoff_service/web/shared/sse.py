"""Server-Sent Events for pages: hints only. A page that gets one asks for what is new, so nothing
can be missed.

``hello`` comes first on every connection, ``heartbeat`` every ten seconds, so that a page can tell
a quiet server from a frozen one. The stream ends when the fan-out closes, when ``still`` says no,
and when something fails.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from sanic import Request

from handoff_service import log
from handoff_service.context import AppContext
from handoff_service.errors import DatabaseAway
from handoff_service.store.engine.lanes import Hint

HEARTBEAT = 10.0  # seconds
type Said = tuple[str, object]  # an event's name, and its data
type Says = Callable[[Sequence[Hint]], Awaitable[Sequence[Said]]]


def event(name: str, data: object = "") -> str:
    """One event. ``data`` is an id, a time or JSON on one line, never a text of a conversation."""
    return f"event: {name}\ndata: {data}\n\n"


async def serve(
    request: Request,
    desk: AppContext,
    topics: Sequence[str],
    says: Says,
    still: Callable[[], Awaitable[bool]] | None = None,
    pause: float = 0.0,
    holder: int | None = None,
) -> None:
    """Keep a page's stream open: ``says`` tells which events a batch of hints means, as long as
    ``still`` says yes. What is hinted within ``pause`` seconds of one batch is the next one: a busy
    desk does not redraw a page more often than it can be read. ``holder``: the agent who counts as
    connected meanwhile."""

    async def begin() -> list[str]:
        return [event("hello", desk.clock().isoformat())]

    async def tell(batch: Sequence[Hint]) -> list[str] | None:
        if still is not None and not await still():
            return None
        return [event(name, data) for name, data in await says(batch)]

    async def beat() -> list[str] | None:
        return heartbeat() if still is None or await still() else None

    def heartbeat() -> list[str]:
        return [event("heartbeat", desk.clock().isoformat())]

    await run(
        request, desk, topics, Voice(begin, tell, beat, heartbeat), pause=pause, holder=holder
    )


@dataclass(frozen=True, slots=True)
class Voice:
    """What a stream sends, as finished events: first of all, for a batch of hints, and when a
    heartbeat is due. ``tell`` and ``beat`` check the session first; None ends the stream.
    ``heartbeat`` asks nobody."""

    begin: Callable[[], Awaitable[Sequence[str]]]
    tell: Callable[[Sequence[Hint]], Awaitable[Sequence[str] | None]]
    beat: Callable[[], Awaitable[Sequence[str] | None]]
    heartbeat: Callable[[], Sequence[str]]


async def run(
    request: Request,
    desk: AppContext,
    topics: Sequence[str],
    voice: Voice,
    *,
    pause: float = 0.0,
    holder: int | None = None,
) -> None:
    """Serve a stream until the client goes, the fan-out closes, the session ends or something
    fails: then the stream ends, so that the client reconnects. While the database is away only
    heartbeats are sent. What was missed follows, because every listener is told to catch up when
    the database is back."""
    async with AsyncExitStack() as open_:
        # Listening comes first: holding the connection may change the agent's presence, which is a
        # hint already.
        batches = await open_.enter_async_context(desk.fanout.listen(topics))
        if holder is not None:
            await open_.enter_async_context(desk.connections.hold(holder))
        response = await request.respond(
            content_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )
        if response is None:
            return
        try:
            for one in await voice.begin():
                await response.send(one)
            async for batch in with_heartbeats(batches):
                try:
                    events = await (voice.beat() if batch is None else voice.tell(batch))
                except DatabaseAway:
                    desk.outage()
                    events = voice.heartbeat() if batch is None else []
                if events is None:
                    break
                for one in events:
                    await response.send(one)
                if batch is not None:
                    await asyncio.sleep(pause)
        except Exception as error:  # noqa: BLE001  # whatever it is: a silent open stream would be worse
            log.warning("stream_failed", error=error, path=request.path)
        finally:
            with suppress(Exception):
                await response.eof()


async def with_heartbeats(
    batches: AsyncIterator[Sequence[Hint]],
) -> AsyncIterator[Sequence[Hint] | None]:
    """The batches, and None whenever a heartbeat is due: on a busy stream too, where nothing else
    would tell a page from one that hangs."""
    following = batches.__aiter__()
    upcoming = asyncio.ensure_future(anext(following, None))
    clock = asyncio.get_running_loop().time
    beats_at = clock() + HEARTBEAT
    try:
        while True:
            done, _ = await asyncio.wait([upcoming], timeout=max(beats_at - clock(), 0))
            if clock() >= beats_at:
                beats_at = clock() + HEARTBEAT
                yield None
            if not done:
                continue
            batch = upcoming.result()
            if batch is None:
                return
            yield batch
            upcoming = asyncio.ensure_future(anext(following, None))
    finally:
        upcoming.cancel()
