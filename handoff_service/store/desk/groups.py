"""The groups of agents and queues."""

from sqlalchemy import Column, Connection, select

from handoff_service.store.engine import tables as t


def group_names(conn: Connection, member: Column[int]) -> dict[int, list[str]]:
    """Return member -> the names of its groups. ``member``: the column of ``agent_groups`` or
    ``queue_groups`` that names an agent or a queue."""
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
