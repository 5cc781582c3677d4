"""Agents' read positions, and their unread messages."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.shared.vocabulary import Direction, Owner
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i, m, g = t.interactions, t.messages, t.live_group
# Select only conversations with new messages, so that the database does not read the messages of
# the others.
_WITH_NEW_LINES = (
    select(g.c.interaction_id)
    .join(i, i.c.id == g.c.interaction_id)
    .where(g.c.agent_id == sa.bindparam("me"), i.c.last_seq > g.c.read_seq)
)
_IS_UNREAD = (
    m.c.interaction_id == g.c.interaction_id,
    m.c.seq > g.c.read_seq,
    m.c.direction == Direction.INBOUND,
)
# Each subquery reads one conversation. With a join, PostgreSQL might read all messages of the desk.
_NEWEST = select(m.c.id).where(*_IS_UNREAD).order_by(m.c.seq.desc()).limit(1)
_COUNT = select(func.count()).select_from(m).where(*_IS_UNREAD)
_NEWEST_UNREAD = _WITH_NEW_LINES.add_columns(_NEWEST.correlate(g).scalar_subquery()).where(
    i.c.closed_at.is_(None), i.c.owner == Owner.AGENT
)
# A separate statement, because one statement with both conditions could use neither index. It
# rarely finds a row.
THANKED = (i.c.thanked_seq.is_not(None), i.c.assigned_to == sa.bindparam("me"))
_NEWEST_THANKS = select(i.c.id, m.c.id).join(
    m, (m.c.interaction_id == i.c.id) & (m.c.seq == i.c.thanked_seq)
)
_NEWEST_THANKS = _NEWEST_THANKS.where(*THANKED)


def newest_unread(conn: Connection, agent_id: int) -> dict[int, int]:
    """Return the id of the newest unread message in each of the agent's conversations. Closed
    conversations with an unread thank-you are included."""
    found = [
        row
        for query in (_NEWEST_UNREAD, _NEWEST_THANKS)
        for row in conn.execute(query, {"me": agent_id})
    ]
    return {r[0]: r[1] for r in found if r[1] is not None}


def unread_conversations(conn: Connection, agent_id: int) -> int:
    """Return the number of the agent's conversations with unread messages, for the tab's badge."""
    return len(newest_unread(conn, agent_id))


def read_seq(conn: Connection, interaction_id: int, agent_id: int) -> int | None:
    """Return this agent's read position; None if the agent is not in the live group."""
    query = select(g.c.read_seq).where(
        g.c.interaction_id == interaction_id, g.c.agent_id == agent_id
    )
    return conn.execute(query).scalar()


_UNREAD = _WITH_NEW_LINES.add_columns(_COUNT.correlate(g).scalar_subquery()).where(
    one_of(g.c.interaction_id, "ids")
)


def unread(conn: Connection, ids: Sequence[int], agent_id: int) -> dict[int, int]:
    """Return how many of the requester's messages this agent has not read, by interaction id.
    Conversations without unread messages are left out."""
    if not ids:
        return {}
    return {r[0]: r[1] for r in conn.execute(_UNREAD, {"me": agent_id, "ids": ids}) if r[1]}
