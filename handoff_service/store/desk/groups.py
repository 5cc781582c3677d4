"""The groups to which agents and queues belong."""

from sqlalchemy import Column, Connection, select

from handoff_service.store.engine import tables as t


def group_names(conn: Connection, member: Column[int]) -> dict[int, list[str]]:
    """Return the names of each member's groups, by the member's id. ``member``: the column
    ``agent_groups.agent_id`` or ``queue_groups.queue_id``."""
    groups = t.groups
    found: dict[int, list[str]] = {}
    query = (
        select(member, groups.c.name)
        .join(groups, groups.c.id == member.table.c.group_id)
        .order_by(groups.c.name)
    )
    for member_id, name in conn.execute(query):
        found.setdefault(member_id, []).append(name)
    return found
