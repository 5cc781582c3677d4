"""Server-Sent Events for pages. Events are only hints: a page that receives one fetches the
changes, so a lost event loses no data.

Every connection starts with ``hello``. A ``heartbeat`` follows every ten seconds, which shows the
page that the server still runs. The stream ends when the service stops (the fan-out closes), when
the session ends, or when anything except the database fails.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from sanic import Request

from handoff_service import log
from handoff_service.context import AppContext
from handoff_service.errors import DatabaseAway
from handoff_service.store.engine.transaction import Hint

HEARTBEAT = 10.0  # seconds
type PageEvent = tuple[str, object]  # the event's name and its data
type Translate = Callable[[Sequence[Hint]], Awaitable[Sequence[PageEvent]]]


def event(name: str, data: object = "") -> str:
    """Format one event. ``data`` is an id, a time or JSON on one line, never the text of a
    message."""
    return f"event: {name}\ndata: {data}\n\n"


async def serve(
    request: Request,
    desk: AppContext,
    channels: Sequence[str],
    translate: Translate,
    still: Callable[[], Awaitable[bool]] | None = None,
    pause: float = 0.0,
    holder: int | None = None,
) -> None:
    """Serve a page's stream.

    - ``translate`` turns a batch of hints into events.
    - ``still`` is called before each batch and each heartbeat. The stream ends when it returns
      False.
    - ``pause``: how many seconds to wait after each batch. Hints that arrive in this time form the
      next batch. The pause keeps a busy desk from redrawing a page faster than people can read.
    - ``holder``: the id of the agent who counts as connected while the stream is open.
    """

    async def begin() -> list[str]:
        return [event("hello", desk.clock().isoformat())]

    async def on_hints(batch: Sequence[Hint]) -> list[str] | None:
        if still is not None and not await still():
            return None
        return [event(name, data) for name, data in await translate(batch)]

    async def beat() -> list[str] | None:
        return heartbeat() if still is None or await still() else None

    def heartbeat() -> list[str]:
        return [event("heartbeat", desk.clock().isoformat())]

    await run(
        request,
        desk,
        channels,
        EventSource(begin, on_hints, beat, heartbeat),
        pause=pause,
        holder=holder,
    )


@dataclass(frozen=True, slots=True)
class EventSource:
    """The functions that produce a stream's formatted events. ``on_hints`` and ``beat`` check the
    session first, and return None to end the stream."""

    begin: Callable[[], Awaitable[Sequence[str]]]  #: the first events of a connection
    #: the events for a batch of hints
    on_hints: Callable[[Sequence[Hint]], Awaitable[Sequence[str] | None]]
    beat: Callable[[], Awaitable[Sequence[str] | None]]  #: the events when a heartbeat is due
    #: the heartbeat without a session check, for times when the database is unavailable
    heartbeat: Callable[[], Sequence[str]]


async def run(
    request: Request,
    desk: AppContext,
    channels: Sequence[str],
    source: EventSource,
    *,
    pause: float = 0.0,
    holder: int | None = None,
) -> None:
    """Serve a stream until the client disconnects, the fan-out closes, the session ends or
    something fails. Clients then reconnect.

    While the database is unavailable, the stream sends only heartbeats. No change is lost, because
    the fan-out asks every listener to catch up once the database is available again.
    """
    async with AsyncExitStack() as open_:
        # Listen first: counting the connection may change the agent's presence, and the stream must
        # not miss the hint about this change.
        batches = await open_.enter_async_context(desk.fanout.listen(channels))
        if holder is not None:
            await open_.enter_async_context(desk.connections.hold(holder))
        response = await request.respond(
            content_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )
        if response is None:
            return
        try:
            for one in await source.begin():
                await response.send(one)
            async for batch in with_heartbeats(batches):
                try:
                    events = await (source.beat() if batch is None else source.on_hints(batch))
                except DatabaseAway:
                    desk.outage()
                    events = source.heartbeat() if batch is None else []
                if events is None:
                    break
                for one in events:
                    await response.send(one)
                if batch is not None:
                    await asyncio.sleep(pause)
        except Exception as error:  # noqa: BLE001 - an open but silent stream would be worse
            log.warning("stream_failed", error=error, path=request.path)
        finally:
            with suppress(Exception):
                await response.eof()


async def with_heartbeats(
    batches: AsyncIterator[Sequence[Hint]],
) -> AsyncIterator[Sequence[Hint] | None]:
    """Yield the batches, and None whenever a heartbeat is due. A busy stream also gets heartbeats,
    because a page without heartbeats assumes that the server has stopped."""
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
