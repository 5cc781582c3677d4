"""The people and numbers that fill the placeholders of an agent's texts."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from handoff_service.rules.shared.placeholders import Placeholders
from handoff_service.store.conversations.interactions import number
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of

i, u = t.interactions, t.users
_NAMES = (
    select(i.c.id, u.c.name)
    .outerjoin(u, u.c.id == i.c.user_id)
    .where(one_of(i.c.id, "ids"))
    .order_by(i.c.id)
)


def of_interactions(conn: Connection, ids: Collection[int], agent: str) -> dict[int, Placeholders]:
    """Interaction -> the values for texts of the agent with this name. Unknown ids are left
    out."""
    return {
        r.id: Placeholders(requester=r.name, agent=agent, number=number(r.id))
        for r in conn.execute(_NAMES, {"ids": list(ids)})
    }
