"""An agent's current sort and filter for the list, and the saved views."""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from handoff_service.rules.conversations.list_order import Sort, SortAndFilter, Tag
from handoff_service.rules.desk.attribute_filters import stored
from handoff_service.rules.desk.attributes import AttributeOwner
from handoff_service.store.desk import attributes
from handoff_service.store.engine import tables as t
from handoff_service.store.views import ListItem, ListView

c, v = t.list_choices, t.list_views
# Build each statement once, because building it costs more than running it.
_FIELDS = ("sort", "tag", "label_id", "attribute")
_CHOICE = select(*c.c[_FIELDS]).where(c.c.agent_id == bindparam("me"))
_VIEWS = (
    select(v)
    .where(v.c.shared | (v.c.agent_id == bindparam("me")))
    .order_by(func.lower(v.c.name), v.c.id)
)


def choice(conn: Connection, agent_id: int) -> SortAndFilter:
    """Return this agent's current sort and filter."""
    row = conn.execute(_CHOICE, {"me": agent_id}).one_or_none()
    if row is None:
        return SortAndFilter()
    tag = Tag(row.tag) if row.tag else None
    return SortAndFilter(
        sort=Sort(row.sort), tag=tag, label_id=row.label_id, attribute=row.attribute
    )


def list_(conn: Connection, agent_id: int) -> list[ListView]:
    """Return this agent's saved views and the shared ones, by name."""
    return [_view(row, agent_id) for row in conn.execute(_VIEWS, {"me": agent_id})]


def with_attribute(conn: Connection, items: list[ListItem], how: SortAndFilter) -> list[ListItem]:
    """Return the items that match the agent's attribute filter; all items without such a filter."""
    if how.attribute is None:
        return items
    wanted = stored(how.attribute, attributes.definitions(conn, AttributeOwner.CONVERSATION))
    values_of = attributes.of_interactions(conn, [one.interaction.id for one in items])
    matching = {one for one, values in values_of.items() if wanted.matches(values.get(wanted.key))}
    return [one for one in items if one.interaction.id in matching]


def shared(conn: Connection) -> list[ListView]:
    """Return the shared views, by name."""
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
