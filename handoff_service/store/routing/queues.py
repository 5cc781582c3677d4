"""Queues: the settings that admins make, and their display."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.errors import NotFound
from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.desk.system_messages import QUEUES_OWN
from handoff_service.rules.routing.queues import QueueFields, QueuePool, Skill, problems
from handoff_service.rules.shared import conditions
from handoff_service.rules.shared.conditions import Condition, Match
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Assignment
from handoff_service.store import views
from handoff_service.store.conversations import target_facts
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.routing import queue_hours
from handoff_service.store.routing.work_items import WAITS

q = t.queues


def list_(conn: Connection, ids: Collection[int] | None = None) -> dict[int, QueueFields]:
    """Return queues by id, in the admin's order. ``ids``: None for all. This always takes three
    queries."""
    query = select(q).order_by(q.c.position, q.c.id)
    rows = conn.execute(query if ids is None else query.where(one_of(q.c.id, ids))).all()
    pools, skills = _pools(conn), _skills(conn)
    return {r.id: _queue(r, pools.get(r.id, ()), skills.get(r.id, ())) for r in rows}


@dataclass(frozen=True, slots=True)
class QueueConditions:
    """The conditions of a queue. ``match``: whether all or any of them must be true."""

    conditions: Sequence[Condition]
    match: Match


_CONDITIONS = select(*q.c["id", "conditions", "match"]).order_by(q.c.position, q.c.id)


def conditions_by_id(conn: Connection) -> dict[int, QueueConditions]:
    """Return the conditions of every queue by its id, in the admin's order. This takes one
    query."""
    return {
        r.id: QueueConditions(conditions.stored(r.conditions), Match(r.match))
        for r in conn.execute(_CONDITIONS)
    }


def get(conn: Connection, queue_id: int) -> QueueFields:
    """Return this queue. Raises NotFound for an unknown id."""
    found = list_(conn, [queue_id])
    if not found:
        raise NotFound(phrase("There is no queue {id}.", id=queue_id))
    return found[queue_id]


def list_views(conn: Connection) -> list[views.Queue]:
    """Return queues in the admin's order, with the number of waiting conversations and the reasons
    why a queue can never assign a conversation."""
    found, waiting, agents = list_(conn), _waiting(conn), _agents(conn)
    hours = queue_hours.of_queues(conn, found)
    return [
        _shown(conn, queue_id, queue, hours[queue_id], waiting, agents)
        for queue_id, queue in found.items()
    ]


def get_view(conn: Connection, queue_id: int) -> views.Queue:
    """Return this queue for display. Raises NotFound for an unknown id."""
    found, hours = get(conn, queue_id), queue_hours.of_queues(conn, [queue_id])
    return _shown(conn, queue_id, found, hours[queue_id], _waiting(conn), _agents(conn))


def _shown(
    conn: Connection,
    queue_id: int,
    queue: QueueFields,
    hours: Schedule,
    waiting: dict[int, int],
    agents: dict[int, tuple[set[str], set[str]]],
) -> views.Queue:
    now = read_at(conn)
    opens_at = hours.opens_at(now)
    return views.Queue(
        id=queue_id,
        name=queue.name,
        position=queue.position,
        groups=[pool.group for pool in queue.pools],
        pools=[
            views.Pool(group=pool.group, after_seconds=pool.after_seconds) for pool in queue.pools
        ],
        skills=[
            views.QueueSkill(name=skill.name, mandatory=skill.mandatory) for skill in queue.skills
        ],
        conditions=[
            views.ConditionLine(field=c.field, operator=c.operator, value=c.value)
            for c in queue.conditions
        ],
        match=queue.match,
        schedule=queue.schedule,
        time_zone=queue.time_zone,
        country=queue.country,
        language=queue.language,
        assignment=queue.assignment,
        accept_seconds=queue.accept_seconds,
        auto_assign=queue.auto_assign,
        satisfaction_after_hours=queue.satisfaction_after_hours,
        satisfaction_every_days=queue.satisfaction_every_days,
        affinity_days=queue.affinity_days,
        alarm_seconds=queue.alarm_seconds,
        targets=[views.QueueTarget(**asdict(one)) for one in queue.targets],
        texts={name: queue.texts.get(name) for name in QUEUES_OWN},
        waiting=waiting.get(queue_id, 0),
        open_now=opens_at == now,
        opens_at=None if opens_at == now else opens_at,
        problems=_problems(queue, agents, never_opens=opens_at is None),
    )


def _problems(
    queue: QueueFields, agents: dict[int, tuple[set[str], set[str]]], *, never_opens: bool
) -> list[str]:
    groups = {pool.group for pool in queue.pools}
    able = [skills for of, skills in agents.values() if of & groups]
    needed = {skill.name for skill in queue.skills if skill.mandatory}
    return problems(
        groups=[pool.group for pool in queue.pools],
        agents=len(able),
        lacking=sorted(needed) if able and not any(needed <= skills for skills in able) else (),
        schedule_error=phrase("contain no open time within a year") if never_opens else None,
    )


def _agents(conn: Connection) -> dict[int, tuple[set[str], set[str]]]:
    """Return the (groups, skills) of each active agent."""
    a, ag, g, s = t.agents, t.agent_groups, t.groups, t.agent_skills
    found: dict[int, tuple[set[str], set[str]]] = {
        agent_id: (set(), set())
        for agent_id in conn.execute(select(a.c.id).where(a.c.active)).scalars()
    }
    for agent_id, group in conn.execute(
        select(ag.c.agent_id, g.c.name).join(g, g.c.id == ag.c.group_id)
    ):
        if agent_id in found:
            found[agent_id][0].add(group)
    for agent_id, skill in conn.execute(select(s.c.agent_id, s.c.skill)):
        if agent_id in found:
            found[agent_id][1].add(skill)
    return found


def _waiting(conn: Connection) -> dict[int, int]:
    w = t.work_items
    rows = conn.execute(select(w.c.queue_id, func.count()).where(WAITS).group_by(w.c.queue_id))
    return {r[0]: r[1] for r in rows}


def _pools(conn: Connection) -> dict[int, tuple[QueuePool, ...]]:
    qg, g = t.queue_groups, t.groups
    query = select(qg.c.queue_id, g.c.name, qg.c.after_seconds).join(g, g.c.id == qg.c.group_id)
    found: dict[int, tuple[QueuePool, ...]] = {}
    for queue_id, group, after in conn.execute(query.order_by(qg.c.after_seconds, g.c.name)):
        found[queue_id] = (*found.get(queue_id, ()), QueuePool(group=group, after_seconds=after))
    return found


def _skills(conn: Connection) -> dict[int, tuple[Skill, ...]]:
    s = t.queue_skills
    found: dict[int, tuple[Skill, ...]] = {}
    for r in conn.execute(select(s).order_by(s.c.skill)):
        found[r.queue_id] = (*found.get(r.queue_id, ()), Skill(name=r.skill, mandatory=r.mandatory))
    return found


def _queue(
    row: sa.Row[Any], pools: tuple[QueuePool, ...], skills: tuple[Skill, ...]
) -> QueueFields:
    return QueueFields(
        name=row.name,
        position=row.position,
        pools=pools,
        skills=skills,
        conditions=conditions.stored(row.conditions),
        match=Match(row.match),
        schedule=row.schedule,
        time_zone=row.time_zone,
        country=row.country,
        language=Language(row.language),
        assignment=Assignment(row.assignment),
        accept_seconds=row.accept_seconds,
        auto_assign=row.auto_assign,
        satisfaction_after_hours=row.satisfaction_after_hours,
        satisfaction_every_days=row.satisfaction_every_days,
        affinity_days=row.affinity_days,
        alarm_seconds=row.alarm_seconds,
        targets=target_facts.stored(row.targets),
        texts={
            name: text for name in QUEUES_OWN if (text := row._mapping[f"{name}_text"]) is not None
        },
    )
