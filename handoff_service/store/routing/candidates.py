"""Queues and their candidates, as work assignment needs them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.routing.assignment import Candidate
from handoff_service.rules.shared.vocabulary import Assignment
from handoff_service.store.desk.availability import LOAD, PRESENCE, TAKES_WORK
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.routing import queue_hours

type Members = dict[int, Candidate]  #: the candidates of a queue, by agent id


def have_room(members: Iterable[Members]) -> bool:
    """Return whether any of these candidates accepts work and is below capacity."""
    return any(
        agent.takes_work and agent.load < agent.capacity
        for of_queue in members
        for agent in of_queue.values()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkQueue:
    """The fields of a queue that work assignment needs."""

    id: int
    name: str
    rule: Assignment
    accept_seconds: int
    schedule: Schedule
    affinity: timedelta
    auto_assign: bool
    alarm: timedelta | None
    mandatory: frozenset[str]
    optional: frozenset[str]
    last_agent: int | None


def work_queues(conn: Connection) -> dict[int, WorkQueue]:
    """Return all queues by id."""
    q, s = t.queues, t.queue_skills
    skills: dict[tuple[int, bool], set[str]] = {}
    for r in conn.execute(select(s)):
        skills.setdefault((r.queue_id, r.mandatory), set()).add(r.skill)
    rows = conn.execute(select(q)).all()
    hours = queue_hours.of_queues(conn, [r.id for r in rows])
    return {
        r.id: WorkQueue(
            id=r.id,
            name=r.name,
            rule=Assignment(r.assignment),
            accept_seconds=r.accept_seconds,
            schedule=hours[r.id],
            affinity=timedelta(days=r.affinity_days),
            auto_assign=r.auto_assign,
            alarm=timedelta(seconds=r.alarm_seconds) if r.alarm_seconds else None,
            mandatory=frozenset(skills.get((r.id, True), ())),
            optional=frozenset(skills.get((r.id, False), ())),
            last_agent=r.last_agent_id,
        )
        for r in rows
    }


def candidates(conn: Connection, queue_ids: Collection[int]) -> dict[int, Members]:
    """Return every active agent in each queue's groups as a candidate, by queue id and agent id.
    The result has all of these queues, also those without agents.

    An agent in several groups counts for the one that gets offers first.
    """
    a, g, of = t.agents, t.groups, t.queue_groups
    rows = conn.execute(
        select(of.c.queue_id, of.c.after_seconds, g.c.capacity.label("limit"), *_FACTS)
        .join(g, g.c.id == of.c.group_id)
        .join(t.agent_groups, t.agent_groups.c.group_id == of.c.group_id)
        .join(a, a.c.id == t.agent_groups.c.agent_id)
        .where(a.c.active, one_of(of.c.queue_id, queue_ids))
        .order_by(
            of.c.queue_id, of.c.after_seconds.desc(), sa.func.coalesce(g.c.capacity, a.c.capacity)
        )
    ).all()
    skills = _skills(conn)
    found: dict[int, Members] = {queue_id: {} for queue_id in queue_ids}
    for r in rows:
        found[r.queue_id][r.id] = _candidate(
            r, skills, limit=r.limit, after_seconds=r.after_seconds
        )
    return found


def candidate(conn: Connection, agent_id: int) -> Candidate | None:
    """Return an active agent as a candidate, with their own limit, regardless of their groups; None
    for other agents."""
    row = conn.execute(
        select(*_FACTS).where(t.agents.c.id == agent_id, t.agents.c.active)
    ).one_or_none()
    return None if row is None else _candidate(row, _skills(conn), limit=None, after_seconds=0)


_FACTS = (
    *t.agents.c["id", "name", "capacity", "last_assigned_at"],
    PRESENCE.label("presence"),
    TAKES_WORK.label("takes_work"),
    LOAD.label("load"),
)


def _candidate(
    r: sa.Row[tuple[object, ...]],
    skills: dict[int, frozenset[str]],
    *,
    limit: int | None,
    after_seconds: int,
) -> Candidate:
    return Candidate(
        agent_id=r.id,
        name=r.name,
        presence=r.presence,
        takes_work=bool(r.takes_work),
        capacity=r.capacity if limit is None else min(r.capacity, limit),
        load=r.load,
        skills=skills.get(r.id, frozenset()),
        after_seconds=after_seconds,
        last_assigned_at=r.last_assigned_at,
    )


def _skills(conn: Connection) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for r in conn.execute(select(t.agent_skills)):
        found.setdefault(r.agent_id, set()).add(r.skill)
    return {agent: frozenset(names) for agent, names in found.items()}
