"""Agents and their groups for the admin pages."""

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.errors import NotFound
from handoff_service.store.desk import people
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Agent, Group

a, g = t.agents, t.groups


def list_(conn: Connection, *, words: str | None, after: int, limit: int) -> list[Agent]:
    """Agents by id, optionally only those with these words in their name or e-mail address."""
    where = a.c.id > after
    if words:
        said = words.strip()
        where &= a.c.name.icontains(said, autoescape=True) | a.c.email.icontains(
            said, autoescape=True
        )
    ids = conn.execute(select(a.c.id).where(where).order_by(a.c.id).limit(limit)).scalars().all()
    return sorted(people.agents(conn, ids).values(), key=lambda agent: agent.id)


def get(conn: Connection, agent_id: int) -> Agent:
    """NotFound when there is none."""
    found = people.agents(conn, [agent_id])
    if agent_id not in found:
        raise NotFound(f"There is no agent {agent_id}.")
    return found[agent_id]


def groups(conn: Connection, *, after: int = 0, limit: int | None = None) -> list[Group]:
    """Groups by id, with the number of active agents in each."""
    return _groups(conn, g.c.id > after, limit)


def group(conn: Connection, group_id: int) -> Group:
    """NotFound when there is none."""
    found = _groups(conn, g.c.id == group_id, 1)
    if not found:
        raise NotFound(f"There is no group {group_id}.")
    return found[0]


def _groups(conn: Connection, where: sa.ColumnElement[bool], limit: int | None) -> list[Group]:
    m = t.agent_groups
    members = (
        select(func.count())
        .select_from(m.join(a, a.c.id == m.c.agent_id))
        .where(m.c.group_id == g.c.id)
    )
    counted = members.where(a.c.active).correlate(g).scalar_subquery()
    query = select(g, counted.label("agents")).where(where).order_by(g.c.id).limit(limit)
    return [
        Group(id=r.id, name=r.name, capacity=r.capacity, agents=r.agents)
        for r in conn.execute(query)
    ]
