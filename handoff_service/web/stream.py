"""Server-Sent Events for pages: hints only. A page that gets one asks for what is new, so nothing can be missed.

``hello`` comes first on every connection, ``heartbeat`` every ten seconds, so that a page can tell a quiet server from
a frozen one. The stream ends when the fan-out closes or ``still`` says no.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from sanic import Request

from handoff_service.desk import Desk
from handoff_service.store.lanes import Hint

HEARTBEAT = 10.0  # seconds
type Said = tuple[str, object]  # an event's name, and its data
type Says = Callable[[Sequence[Hint]], Awaitable[Sequence[Said]]]


def event(name: str, data: object = "") -> str:
    """One event. ``data`` is an id, a time or JSON on one line, never a text of a conversation."""
    return f"event: {name}\ndata: {data}\n\n"


async def serve(
    request: Request,
    desk: Desk,
    topics: Sequence[str],
    says: Says,
    still: Callable[[], Awaitable[bool]] | None = None,
    pause: float = 0.0,
) -> None:
    """Keep the stream open: ``says`` tells which events a batch of hints means. What is hinted within ``pause``
    seconds of one batch is the next one: a busy desk does not redraw a page more often than it can be read."""
    async with desk.fanout.listen(topics) as batches:
        response = await request.respond(content_type="text/event-stream", headers={"Cache-Control": "no-store"})
        await response.send(event("hello", desk.clock().isoformat()))
        async for batch in with_heartbeats(batches):
            if batch is not None:
                for name, data in await says(batch):
                    await response.send(event(name, data))
                await asyncio.sleep(pause)
            elif still is None or await still():
                await response.send(event("heartbeat", desk.clock().isoformat()))
            else:
                return


async def with_heartbeats(batches: AsyncIterator[Sequence[Hint]]) -> AsyncIterator[Sequence[Hint] | None]:
    """The batches, and None whenever a heartbeat is due: on a busy stream too, where nothing else would tell a page
    from one that hangs."""
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
