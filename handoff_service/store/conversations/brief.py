"""Reads a conversation's brief. It takes three queries, however long the conversation is."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.conversations.brief import UnderstoodTurn, brief
from handoff_service.rules.conversations.quotes import BriefLine
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Event, Kind
from handoff_service.store.conversations import identities
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.views import ConversationBrief, Named

FIRST, LAST = 40, 300  # how many lines to read from the beginning and the end of a conversation
MAX_TURNS = 50
i, m, b, g, a = t.interactions, t.messages, t.bot_turns, t.live_group, t.associations
_COLUMNS = ("seq", "created_at", "sent_at", "kind", "author", "body", "event", "reason", "agent_id")


class _Proof(NamedTuple):
    user_id: int | None
    expires_at: Any
    made_at: Any
    method: str
    by: str | None


def of_conversation(conn: Connection, interaction_id: int, agent_id: int) -> ConversationBrief:
    """Return the brief for this agent. Raises NotFound for an unknown conversation."""
    row = conn.execute(_ABOUT, {"id": interaction_id, "me": agent_id}).one_or_none()
    if row is None:
        raise NotFound(
            phrase("There is no conversation {interaction_id}.", interaction_id=interaction_id)
        )
    lines = conn.execute(_LINES, {"id": interaction_id, "after": row.last_seq - LAST}).all()
    found = brief(_lines(lines, agent_id), _turns(conn, interaction_id), row.read_seq)
    proof = row.method and _Proof(row.proven, row.expires_at, row.made_at, row.method, row.by)
    return ConversationBrief(
        interaction_id=interaction_id,
        user=Named(id=row.user_id, name=row.user_name) if row.user_id else None,
        requester_number=row.requester_number,
        identity=identities.identity(row.user_id, proof or None, read_at(conn)),
        read_seq=row.read_seq,
        problem=found.problem,
        asked=found.asked,
        tried=found.tried,
        promised=found.promised,
        identity_checks=found.identity_checks,
        new=found.new,
        new_count=found.new_count,
    )


def _lines(rows: Sequence[Any], agent_id: int) -> list[BriefLine]:
    return [
        BriefLine(
            seq=r.seq,
            at=r.sent_at or r.created_at,
            kind=Kind(r.kind),
            author=Author(r.author),
            by=r.agent_name,
            body=r.body,
            event=Event(r.event) if r.event else None,
            reason=r.reason,
            is_mine=r.agent_id == agent_id,
        )
        for r in rows
    ]


def _turns(conn: Connection, interaction_id: int) -> list[UnderstoodTurn]:
    rows = conn.execute(_TURNS, {"id": interaction_id})
    return [UnderstoodTurn(r.up_to_seq, (r.understood or {}).get("intent")) for r in rows]


def _about() -> sa.Select[Any]:
    newest = select(func.max(a.c.id)).where(
        a.c.profile_id == i.c.profile_id, a.c.undone_at.is_(None)
    )
    mine = (g.c.interaction_id == i.c.id) & (g.c.agent_id == sa.bindparam("me"))
    return (
        select(
            *i.c["requester_number", "user_id", "last_seq"],
            t.users.c.name.label("user_name"),
            g.c.read_seq,
            a.c.user_id.label("proven"),
            *a.c["expires_at", "made_at", "method"],
            t.agents.c.name.label("by"),
        )
        .select_from(i)
        .outerjoin(t.users, t.users.c.id == i.c.user_id)
        .outerjoin(g, mine)
        .outerjoin(a, a.c.id == newest.correlate(i).scalar_subquery())
        .outerjoin(t.agents, t.agents.c.id == a.c.agent_id)
        .where(i.c.id == sa.bindparam("id"))
    )


# Build each statement once, because building it costs more than running it.
_ABOUT = _about()
_LINES = (
    select(*m.c[_COLUMNS], t.agents.c.name.label("agent_name"))
    .outerjoin(t.agents, t.agents.c.id == m.c.agent_id)
    .where(
        m.c.interaction_id == sa.bindparam("id"),
        sa.or_(m.c.seq <= FIRST, m.c.seq > sa.bindparam("after")),
    )
    .order_by(m.c.seq)
)
_TURNS = (
    select(b.c.up_to_seq, b.c.understood)
    .where(b.c.interaction_id == sa.bindparam("id"), b.c.opening.is_(None))
    .order_by(b.c.id)
    .limit(MAX_TURNS)
)
