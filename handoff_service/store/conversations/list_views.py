"""The sort and filter that an agent has chosen for the list, and the saved views."""

from sqlalchemy import Connection, bindparam, func, select

from handoff_service.rules.conversations.list_order import Sort, SortAndFilter, Tag
from handoff_service.store.engine import tables as t
from handoff_service.store.views import ListView

c, v = t.list_choices, t.list_views
# Built once: building a statement costs more than running it.
_CHOICE = select(*c.c["sort", "tag", "label_id"]).where(c.c.agent_id == bindparam("me"))
_VIEWS = (
    select(v)
    .where(v.c.shared | (v.c.agent_id == bindparam("me")))
    .order_by(func.lower(v.c.name), v.c.id)
)


def choice(conn: Connection, agent_id: int) -> SortAndFilter:
    """The sort and filter that this agent has chosen."""
    row = conn.execute(_CHOICE, {"me": agent_id}).one_or_none()
    if row is None:
        return SortAndFilter()
    tag = Tag(row.tag) if row.tag else None
    return SortAndFilter(sort=Sort(row.sort), tag=tag, label_id=row.label_id)


def list_(conn: Connection, agent_id: int) -> list[ListView]:
    """The views that this agent has saved, and the shared ones, by name."""
    return [
        ListView(
            id=r.id,
            name=r.name,
            sort=Sort(r.sort),
            tag=Tag(r.tag) if r.tag else None,
            label_id=r.label_id,
            shared=r.shared,
            mine=r.agent_id == agent_id,
        )
        for r in conn.execute(_VIEWS, {"me": agent_id})
    ]
