"""Mentions of agents in private notes."""

from collections.abc import Collection

from sqlalchemy import Connection, insert, select

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import Mention, Named

n, m, i, u, a = t.mentions, t.messages, t.interactions, t.users, t.agents


def agents_to_name(conn: Connection) -> dict[int, str]:
    """Return the names of the active agents, by id."""
    return {r.id: r.name for r in conn.execute(select(a.c.id, a.c.name).where(a.c.active))}


def add_mentions(tx: Transaction, interaction_id: int, seq: int, agents: Collection[int]) -> None:
    """Record that a note mentions these agents."""
    note = select(m.c.id).where(m.c.interaction_id == interaction_id, m.c.seq == seq)
    message_id = tx.conn.execute(note).scalar_one()
    rows = [{"agent_id": agent, "message_id": message_id} for agent in sorted(agents)]
    tx.conn.execute(insert(n), rows)


def of_agent(conn: Connection, agent_id: int, *, below: int = 0, limit: int = 50) -> list[Mention]:
    """Return the notes that mention an agent, newest first. ``below``: only mentions with a lower
    id; 0: all."""
    query = (
        select(n.c.id, m.c.interaction_id, m.c.seq, m.c.body, m.c.created_at, m.c.agent_id)
        .add_columns(a.c.name, i.c.requester_number, i.c.user_id, u.c.name.label("user_name"))
        .join(m, m.c.id == n.c.message_id)
        .join(i, i.c.id == m.c.interaction_id)
        .join(a, a.c.id == m.c.agent_id)
        .outerjoin(u, u.c.id == i.c.user_id)
        .where(n.c.agent_id == agent_id)
        .order_by(n.c.id.desc())
        .limit(limit)
    )
    if below:
        query = query.where(n.c.id < below)
    return [
        Mention(
            id=r.id,
            interaction_id=r.interaction_id,
            seq=r.seq,
            user=Named(id=r.user_id, name=r.user_name) if r.user_id else None,
            requester_number=r.requester_number,
            by=Named(id=r.agent_id, name=r.name),
            body=r.body,
            created_at=r.created_at,
        )
        for r in conn.execute(query)
    ]
