"""The sort and filter that an agent has chosen for the list, and the saved views."""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from handoff_service.rules.conversations.list_order import Sort, SortAndFilter, Tag
from handoff_service.rules.desk.attribute_filters import stored
from handoff_service.rules.desk.attributes import AttributeOwner
from handoff_service.store.desk import attributes
from handoff_service.store.engine import tables as t
from handoff_service.store.views import ListItem, ListView

c, v = t.list_choices, t.list_views
# Built once: building a statement costs more than running it.
_SHOWN = ("sort", "tag", "label_id", "attribute")
_CHOICE = select(*c.c[_SHOWN]).where(c.c.agent_id == bindparam("me"))
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
    return SortAndFilter(
        sort=Sort(row.sort), tag=tag, label_id=row.label_id, attribute=row.attribute
    )


def list_(conn: Connection, agent_id: int) -> list[ListView]:
    """The views that this agent has saved, and the shared ones, by name."""
    return [_view(row, agent_id) for row in conn.execute(_VIEWS, {"me": agent_id})]


def with_attribute(conn: Connection, items: list[ListItem], how: SortAndFilter) -> list[ListItem]:
    """The items that fit the attribute that the agent filters by."""
    if how.attribute is None:
        return items
    wanted = stored(how.attribute, attributes.definitions(conn, AttributeOwner.CONVERSATION))
    held = attributes.of_interactions(conn, [one.interaction.id for one in items])
    fitting = {one for one, values in held.items() if wanted.matches(values.get(wanted.key))}
    return [one for one in items if one.interaction.id in fitting]


def shared(conn: Connection) -> list[ListView]:
    """The views that every agent sees, by name."""
    return [_view(row, None) for row in conn.execute(_VIEWS, {"me": None})]


def _view(row: Row[Any], reader: int | None) -> ListView:
    return ListView(
        id=row.id,
        agent_id=row.agent_id,
        name=row.name,
        sort=Sort(row.sort),
        tag=Tag(row.tag) if row.tag else None,
        label_id=row.label_id,
        attribute=row.attribute,
        shared=row.shared,
        mine=row.agent_id == reader,
    )
