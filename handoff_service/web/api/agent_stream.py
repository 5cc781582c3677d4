"""Produces the events of one API event stream: the first events, and the changes after each
hint."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection, exists, select

from handoff_service.context import AppContext
from handoff_service.errors import NotFound
from handoff_service.operations.desk.sign_in import signed_in
from handoff_service.rules.shared.vocabulary import MediaStatus, Role, Status
from handoff_service.store.conversations import conversations, messages, read_positions
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import EVERYTHING, Hint
from handoff_service.store.routing import inbox
from handoff_service.store.views import InboxOffer, Interaction, Message
from handoff_service.web.api.calls import LIVE
from handoff_service.web.shared.service_tokens import is_service_token, still_reads

OVERLAP = timedelta(seconds=10)  # covers transactions that committed late
_MESSAGE, _INTERACTION, _OFFER = (
    TypeAdapter(Message),
    TypeAdapter(Interaction),
    TypeAdapter(InboxOffer),
)
_ON_ITS_WAY = (Status.QUEUED, Status.SENDING, Status.SENT, Status.UNKNOWN)


def _may_change(line: Message) -> bool:
    return line.status in _ON_ITS_WAY or any(
        medium.status is MediaStatus.WAITING for medium in line.media
    )


def _state(line: Message) -> object:
    return line.status, line.media


class AgentStream:
    """The state of one stream: the last message that it has sent of each conversation, the sent
    messages that may still change, and the offers that the client knows."""

    def __init__(self, desk: AppContext, agent_id: int, token: str, since: datetime | None) -> None:
        self._desk = desk
        self._agent_id = agent_id
        self._token = token
        self._since = None if since is None else min(since, desk.clock()) - OVERLAP
        self._sent_seq: dict[int, int] = {}
        self._seen: dict[int, int] = {}
        self._on_its_way: dict[int, Message] = {}
        self._offers: set[int] = set()
        self._is_program = is_service_token(token)
        self._begun = desk.clock()

    async def begin(self) -> list[str]:
        return [self._event("hello", self._time()), *await self._desk.store.read(self._start)]

    async def on_hints(self, batch: Sequence[Hint]) -> list[str] | None:
        changed = {hint.interaction_id for hint in batch if hint.interaction_id is not None}
        return await self._desk.store.read(self._news, changed, everything=EVERYTHING in batch)

    async def beat(self) -> Sequence[str] | None:
        return self.heartbeat() if await self._desk.store.read(self._still) else None

    def heartbeat(self) -> list[str]:
        return [self._event("heartbeat", self._time())]

    def _still(self, conn: Connection) -> bool:
        """Return whether the client may still use the stream. A program needs a valid service
        token. An agent needs a valid session and the role of a live agent or admin."""
        if self._is_program:
            return still_reads(conn, self._token)
        agent = signed_in(conn, [self._token]).get(self._token)
        if agent is None or agent.second_factor_missing:
            return False
        return bool(agent.roles & {*LIVE, Role.ADMIN})

    def _start(self, conn: Connection) -> list[str]:
        """Return the events since ``Last-Event-ID``. A first connection gets only the current
        offers."""
        i, mine = t.interactions, self._mine()
        since = self._since
        if since is None:
            self._sent_seq = {
                r.id: r.last_seq for r in conn.execute(mine.where(i.c.closed_at.is_(None)))
            }
            self._remember_unfinished(conn)
            return self._inbox(conn)
        lately = sa.or_(
            i.c.closed_at.is_(None), i.c.closed_at >= since, i.c.last_message_at >= since
        )
        rows = conn.execute(mine.where(lately).order_by(i.c.id)).all()
        self._sent_seq = {r.id: r.last_seq for r in rows if r.joined_at < since}
        self._remember_unfinished(conn)
        events = self._changed_since(conn, since)
        for interaction_id in [*(r.id for r in rows), *self._left(conn, since)]:
            events += self._news_of(conn, interaction_id)
        return events + self._ended_offers(conn, since) + self._inbox(conn)

    def _mine(self) -> sa.Select[Any]:
        """Select the conversations of the stream's agent, and the time when the agent joined each.
        A service token gets all conversations."""
        g, i = t.live_group, t.interactions
        if self._is_program:
            return select(i.c.id, i.c.last_seq, i.c.opened_at.label("joined_at"))
        mine = select(i.c.id, i.c.last_seq, g.c.joined_at).join(g, g.c.interaction_id == i.c.id)
        return mine.where(g.c.agent_id == self._agent_id)

    def _remember_unfinished(self, conn: Connection) -> None:
        """Remember the earlier messages of the conversations in ``_sent_seq`` whose status or media
        may still change."""
        m = t.messages
        fetched = exists().where(
            t.media.c.message_id == m.c.id, t.media.c.status == MediaStatus.WAITING
        )
        unfinished = sa.or_(m.c.status.in_(_ON_ITS_WAY), fetched)
        lines = messages.matching(conn, [one_of(m.c.interaction_id, self._sent_seq), unfinished])
        self._on_its_way = {line.id: line for line in lines}

    def _changed_since(self, conn: Connection, since: datetime) -> list[str]:
        m = t.messages
        changed = sa.or_(m.c.created_at >= since, m.c.changed_at >= since)
        lines = messages.matching(conn, [one_of(m.c.interaction_id, self._sent_seq), changed])
        return [self._line(line) for line in lines]

    def _left(self, conn: Connection, since: datetime) -> list[int]:
        """Return the conversations that the agent has left since ``since``. Their messages count as
        sent."""
        left = t.left_groups
        query = select(left.c.interaction_id).where(
            left.c.agent_id == self._agent_id, left.c.left_at >= since
        )
        ids = list(conn.execute(query.order_by(left.c.interaction_id)).scalars())
        last = select(*t.interactions.c["id", "last_seq"]).where(one_of(t.interactions.c.id, ids))
        self._sent_seq |= {r.id: r.last_seq for r in conn.execute(last)}
        return ids

    def _news(
        self, conn: Connection, changed: Collection[int], everything: bool
    ) -> list[str] | None:
        if not self._still(conn):
            return None
        events = []
        for interaction_id in sorted({*changed, *(self._current(conn) if everything else ())}):
            try:
                events += self._news_of(conn, interaction_id, always=interaction_id in changed)
            except NotFound:
                continue  # the hint names a conversation that is not in this database
        return events + self._inbox(conn)

    def _current(self, conn: Connection) -> set[int]:
        """Return the agent's open conversations, and those that the stream has already sent. The
        latter may be closed by now."""
        open_ones = self._mine().where(t.interactions.c.closed_at.is_(None))
        return {*(row.id for row in conn.execute(open_ones)), *self._sent_seq}

    def _news_of(self, conn: Connection, interaction_id: int, *, always: bool = True) -> list[str]:
        """Return a conversation's new and changed messages. The conversation itself follows if it
        has changed, or if ``always`` is true."""
        after = self._sent_seq.get(interaction_id)
        if after is None:
            after = self._already_seen(conn, interaction_id)
        events = []
        for line in messages.list_(conn, interaction_id, after=after):
            after = line.seq
            events.append(self._line(line))
        events += self._receipts(conn, interaction_id)
        content = _INTERACTION.dump_json(conversations.get(conn, interaction_id, self._agent_id))
        if always or self._seen.get(interaction_id) != hash(content):
            events.append(self._event("interaction", content))
        self._seen[interaction_id] = hash(content)
        self._sent_seq[interaction_id] = after
        return events

    def _already_seen(self, conn: Connection, interaction_id: int) -> int:
        """Return the seq of the last message that the client knows from elsewhere, for a
        conversation of which this stream has sent nothing yet."""
        if not self._is_program:
            return read_positions.read_seq(conn, interaction_id, self._agent_id) or 0
        m, begun = t.messages, self._begun if self._since is None else self._since
        earlier = (m.c.interaction_id == interaction_id, m.c.created_at < begun)
        return conn.execute(select(sa.func.max(m.c.seq)).where(*earlier)).scalar() or 0

    def _ended_offers(self, conn: Connection, since: datetime) -> list[str]:
        """Return an event for each of the agent's offers that has ended since ``since``. A client
        that resumes may still show these offers."""
        o = t.offers
        ended = select(o.c.work_item_id).where(
            o.c.agent_id == self._agent_id, o.c.ended_at >= since
        )
        return [self._offer_ended(k) for k in sorted(set(conn.execute(ended).scalars()))]

    def _offer_ended(self, work_item_id: int) -> str:
        return self._event("offer_ended", f'{{"id":{work_item_id}}}'.encode())

    def _receipts(self, conn: Connection, interaction_id: int) -> list[str]:
        """Return events for the sent messages that now have a new status or new media."""
        waiting = {
            k: line for k, line in self._on_its_way.items() if line.interaction_id == interaction_id
        }
        if not waiting:
            return []
        lines = messages.matching(conn, [one_of(t.messages.c.id, waiting)])
        return [self._line(line) for line in lines if _state(line) != _state(waiting[line.id])]

    def _inbox(self, conn: Connection) -> list[str]:
        offers = {offer.id: offer for offer in inbox.inbox(conn, self._agent_id)}
        events = [
            self._event("offer", _OFFER.dump_json(offers[k]))
            for k in sorted(offers.keys() - self._offers)
        ]
        events += [self._offer_ended(k) for k in sorted(self._offers - offers.keys())]
        self._offers = set(offers)
        return events

    def _line(self, line: Message) -> str:
        if _may_change(line):
            self._on_its_way[line.id] = line
        else:
            self._on_its_way.pop(line.id, None)
        return self._event("message", _MESSAGE.dump_json(line))

    def _time(self) -> bytes:
        return f'{{"time":"{self._desk.clock().isoformat()}"}}'.encode()

    def _event(self, name: str, data: bytes) -> str:
        """Format an event. JSON escapes line breaks, so a text cannot forge an event."""
        number = int(self._desk.clock().timestamp() * 1e6)
        return f"id: {number}\nevent: {name}\ndata: {data.decode()}\n\n"
