"""The live group: an interaction's live agents, and their read positions."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, func, select, update

from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction


def has(conn: Connection, interaction_id: int, agent_id: int) -> bool:
    """Return whether the agent is a member."""
    g = t.live_group
    member = select(g.c.agent_id).where(
        g.c.interaction_id == interaction_id, g.c.agent_id == agent_id
    )
    return conn.execute(member).first() is not None


def join(tx: Transaction, interaction_id: int, agent_id: int, read_seq: int) -> None:
    """Add the agent to the group. An existing membership stays unchanged."""
    tx.conn.execute(
        upsert(tx.conn, t.live_group).on_conflict_do_nothing(),
        {
            "interaction_id": interaction_id,
            "agent_id": agent_id,
            "read_seq": read_seq,
            "joined_at": tx.now,
        },
    )


def colleagues_of(
    conn: Connection, interaction_ids: Collection[int], agent_id: int
) -> list[tuple[str, int]]:
    """Return the colleagues to whom these conversations are assigned, each with the number of
    conversations that this agent has not joined. The highest number comes first."""
    i, g, a = t.interactions, t.live_group, t.agents
    joined = select(g.c.agent_id).where(g.c.interaction_id == i.c.id, g.c.agent_id == agent_id)
    count = func.count()
    query = (
        select(a.c.name, count)
        .join(i, i.c.assigned_to == a.c.id)
        .where(one_of(i.c.id, "ids"), i.c.owner == Owner.AGENT, a.c.id != agent_id)
        .where(~joined.exists())
        .group_by(a.c.id, a.c.name)
        .order_by(count.desc(), a.c.name)
    )
    return [(row[0], row[1]) for row in conn.execute(query, {"ids": list(interaction_ids)})]


def leave(tx: Transaction, interaction_id: int, agent_id: int) -> None:
    """Remove the agent from the group."""
    g, left = t.live_group, t.left_groups
    deleted = tx.conn.execute(
        delete(g).where(g.c.interaction_id == interaction_id, g.c.agent_id == agent_id)
    )
    if deleted.rowcount:
        entry = upsert(tx.conn, left).values(
            agent_id=agent_id, interaction_id=interaction_id, left_at=tx.now
        )
        key = [left.c.agent_id, left.c.interaction_id]
        tx.conn.execute(
            entry.on_conflict_do_update(
                index_elements=key, set_={"left_at": entry.excluded.left_at}
            )
        )
    tx.hint(f"agent:{agent_id}", interaction_id)


def read_thanks(tx: Transaction, interaction_id: int, agent_id: int, seq: int) -> bool:
    """Record that the agent of a closed conversation has read up to ``seq``. Returns whether that
    includes an unread thank-you."""
    i = t.interactions
    mine = (i.c.id == interaction_id, i.c.assigned_to == agent_id, i.c.thanked_seq <= seq)
    return tx.conn.execute(update(i).where(*mine).values(thanked_seq=None)).rowcount > 0


def read_up_to(tx: Transaction, interaction_id: int, agent_id: int, seq: int) -> bool:
    """Move the agent's read position to ``seq``, never backward. Returns whether it changed."""
    changed = tx.conn.execute(
        update(t.live_group)
        .where(
            t.live_group.c.interaction_id == interaction_id,
            t.live_group.c.agent_id == agent_id,
            t.live_group.c.read_seq < seq,
        )
        .values(read_seq=seq)
    )
    return changed.rowcount > 0
