"""Notices about colleagues' actions in an agent's conversations. A notice disappears when the agent
has seen it, or after a day.
"""

from datetime import timedelta

from sqlalchemy import Connection, bindparam, delete, select

from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at, upsert
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import ColleagueNotice, Named

n, i, u = t.colleague_notices, t.interactions, t.users
SHOWN_FOR = timedelta(days=1)
_OPEN = (
    select(n.c.interaction_id, n.c.body, n.c.created_at, i.c.requester_number, i.c.user_id)
    .add_columns(u.c.name)
    .join(i, i.c.id == n.c.interaction_id)
    .outerjoin(u, u.c.id == i.c.user_id)
    .where(n.c.agent_id == bindparam("me"), n.c.created_at > bindparam("since", type_=t.UtcTime()))
    .order_by(n.c.created_at.desc())
)


def put(tx: Transaction, agent_id: int, interaction_id: int, body: str) -> None:
    """Store a notice about a colleague's last action in this conversation. Delete the agent's
    expired notices."""
    tx.conn.execute(delete(n).where(n.c.agent_id == agent_id, n.c.created_at <= tx.now - SHOWN_FOR))
    new = upsert(tx.conn, n)
    values = {"body": new.excluded.body, "created_at": new.excluded.created_at}
    tx.conn.execute(
        new.on_conflict_do_update(index_elements=[n.c.agent_id, n.c.interaction_id], set_=values),
        {
            "agent_id": agent_id,
            "interaction_id": interaction_id,
            "body": body,
            "created_at": tx.now,
        },
    )


def delete_notice(tx: Transaction, agent_id: int, interaction_id: int) -> bool:
    """Delete the notice for this conversation, because the agent has seen it. Returns whether there
    was one."""
    gone = delete(n).where(n.c.agent_id == agent_id, n.c.interaction_id == interaction_id)
    return tx.conn.execute(gone).rowcount > 0


def open_notices(conn: Connection, agent_id: int) -> list[ColleagueNotice]:
    """Return the agent's notices of the last day, newest first."""
    since = read_at(conn) - SHOWN_FOR
    return [
        ColleagueNotice(
            interaction_id=r.interaction_id,
            user=Named(id=r.user_id, name=r.name) if r.user_id else None,
            requester_number=r.requester_number,
            said=r.body,
            created_at=r.created_at,
        )
        for r in conn.execute(_OPEN, {"me": agent_id, "since": since})
    ]
