"""``GET /api/v1/events``: Server-Sent Events for the signed-in agent.

| event | data |
|---|---|
| hello | ``{"time"}``: the stream is open; first on every connection |
| message | a message of one of my conversations, new or changed (status, media): the same ``id`` replaces it |
| interaction | one of my conversations, changed |
| offer | work offered to me, as in the inbox |
| offer_ended | ``{"id"}``: an offer that is no longer mine |
| heartbeat | ``{"time"}``: every ten seconds when nothing else is said |

An event's id is a moment. With ``Last-Event-ID`` the stream begins with everything of my conversations from that moment
on, and a little before it, so that nothing is missed where writers overlap: a message may come twice, under one id.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sanic import Blueprint, Request
from sqlalchemy import Connection, select

from handoff_service.desk import Desk
from handoff_service.errors import BadInput
from handoff_service.rules.vocabulary import MediaStatus, Status
from handoff_service.store import conversations, inbox
from handoff_service.store import tables as t
from handoff_service.store.several import one_of
from handoff_service.store.views import InboxOffer, Interaction, Message
from handoff_service.web.api.calls import LIVE, Call
from handoff_service.web.session import bearer, desk_of
from handoff_service.web.stream import with_heartbeats

OVERLAP = timedelta(seconds=10)
_MESSAGE, _INTERACTION, _OFFER = TypeAdapter(Message), TypeAdapter(Interaction), TypeAdapter(InboxOffer)
_ON_ITS_WAY = (Status.QUEUED, Status.SENDING, Status.SENT, Status.UNKNOWN)


def _may_change(line: Message) -> bool:
    return line.status in _ON_ITS_WAY or any(medium.status is MediaStatus.WAITING for medium in line.media)


def _state(line: Message) -> object:
    return line.status, line.media


async def _never(_asked: Any) -> None:
    """The stream is served by ``add_route``; the call is in the table for its description."""


CALL = Call(
    method="GET",
    path="/v1/events",
    summary="What happens to me, as Server-Sent Events; resumable with Last-Event-ID",
    handle=_never,
    answer=str,
    roles=LIVE,
    media_type="text/event-stream",
)


def add_route(blueprint: Blueprint) -> None:
    """Serve the stream."""

    @blueprint.get("/v1/events", name="events")
    async def events(request: Request) -> None:
        agent = await bearer(request, *LIVE)
        since = _moment(request.headers.get("last-event-id"))
        desk = desk_of(request)
        response = await request.respond(content_type="text/event-stream", headers={"Cache-Control": "no-store"})
        if response is None:
            return
        async with desk.connections.hold(agent.id), desk.fanout.listen([f"agent:{agent.id}"]) as batches:
            stream = _Stream(desk, agent.id)
            async for event in stream.events(batches, since):
                await response.send(event)


def _moment(last_event_id: str | None) -> datetime | None:
    if not last_event_id:
        return None
    try:
        return datetime.fromtimestamp(int(last_event_id) / 1e6, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(errors={"Last-Event-ID": "must be the id of an event of this stream"}) from error


class _Stream:
    """One agent's stream: how far it has told each conversation, what is on its way, what is offered."""

    def __init__(self, desk: Desk, agent_id: int) -> None:
        self._desk = desk
        self._agent_id = agent_id
        self._told: dict[int, int] = {}
        self._on_its_way: dict[int, Message] = {}
        self._offers: set[int] = set()

    async def events(self, batches: AsyncIterator[Any], since: datetime | None) -> AsyncIterator[str]:
        yield self._event("hello", self._time())
        for event in await self._desk.store.read(self._start, since):
            yield event
        async for batch in with_heartbeats(batches):
            if batch is None:
                yield self._event("heartbeat", self._time())
                continue
            changed = sorted({hint.interaction_id for hint in batch if hint.interaction_id is not None})
            for event in await self._desk.store.read(self._news, changed):
                yield event

    def _start(self, conn: Connection, since: datetime | None) -> list[str]:
        g, i, m = t.live_group, t.interactions, t.messages
        mine = select(i.c.id, i.c.last_seq).join(g, g.c.interaction_id == i.c.id).where(g.c.agent_id == self._agent_id)
        if since is None:
            mine = mine.where(i.c.closed_at.is_(None))
        else:
            mine = mine.where(sa.or_(i.c.closed_at.is_(None), i.c.last_message_at >= since - OVERLAP))
        self._told = {r.id: r.last_seq for r in conn.execute(mine)}
        said = []
        if since is not None:
            recent = select(m.c.id).where(one_of(m.c.interaction_id, self._told), m.c.created_at >= since - OVERLAP)
            for line in conversations.some_messages(conn, [m.c.id.in_(recent)]):
                said.append(self._line(line))
        return said + self._inbox(conn)

    def _news(self, conn: Connection, changed: list[int]) -> list[str]:
        said = []
        for interaction_id in changed:
            after = self._told.get(interaction_id)
            if after is None:
                after = conversations.read_seq(conn, interaction_id, self._agent_id) or 0
            for line in conversations.messages(conn, interaction_id, after=after):
                after = line.seq
                said.append(self._line(line))
            self._told[interaction_id] = after
            said += self._receipts(conn, interaction_id)
            seen = conversations.one(conn, interaction_id, self._agent_id)
            said.append(self._event("interaction", _INTERACTION.dump_json(seen)))
        return said + self._inbox(conn)

    def _receipts(self, conn: Connection, interaction_id: int) -> list[str]:
        """Messages told before whose status, or what came with them, has changed since."""
        waiting = {k: line for k, line in self._on_its_way.items() if line.interaction_id == interaction_id}
        if not waiting:
            return []
        lines = conversations.some_messages(conn, [one_of(t.messages.c.id, waiting)])
        return [self._line(line) for line in lines if _state(line) != _state(waiting[line.id])]

    def _inbox(self, conn: Connection) -> list[str]:
        offers = {offer.id: offer for offer in inbox.inbox(conn, self._agent_id)}
        said = [self._event("offer", _OFFER.dump_json(offers[k])) for k in sorted(offers.keys() - self._offers)]
        said += [self._event("offer_ended", f'{{"id":{k}}}'.encode()) for k in sorted(self._offers - offers.keys())]
        self._offers = set(offers)
        return said

    def _line(self, line: Message) -> str:
        if _may_change(line):
            self._on_its_way[line.id] = line
        else:
            self._on_its_way.pop(line.id, None)
        return self._event("message", _MESSAGE.dump_json(line))

    def _time(self) -> bytes:
        return f'{{"time":"{self._desk.clock().isoformat()}"}}'.encode()

    def _event(self, name: str, data: bytes) -> str:
        """JSON holds no line breaks of its own, so a text cannot forge an event."""
        number = int(self._desk.clock().timestamp() * 1e6)
        return f"id: {number}\nevent: {name}\ndata: {data.decode()}\n\n"
