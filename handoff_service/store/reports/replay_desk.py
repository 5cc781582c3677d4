"""The desk of a replay: the current queues and agents, with the settings that a change replaces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.routing.queues import QueueFields
from handoff_service.rules.routing.replay_change import AvailableAs, QueueChange, ReplayChange
from handoff_service.rules.routing.replay_figures import TargetRules
from handoff_service.rules.routing.replay_input import (
    Periods,
    QueueMember,
    ReplayAgent,
    ReplayDesk,
    ReplayQueue,
)
from handoff_service.store.engine import tables as t
from handoff_service.store.routing import queue_hours, queues


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentToday:
    """An agent's current settings. ``groups``: group -> the group's own limit, if it has one."""

    id: int
    name: str
    capacity: int
    groups: Mapping[str, int | None]
    skills: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskToday:
    """The current settings that a change can replace."""

    queues: Mapping[int, QueueFields]
    hours: Mapping[int, Schedule]
    agents: Mapping[int, AgentToday]
    groups: Mapping[str, int | None]


def desk_now(conn: Connection) -> DeskToday:
    """Return the current queues and active agents."""
    found = queues.list_(conn)
    a, g, ag, s = t.agents, t.groups, t.agent_groups, t.agent_skills
    groups = {r.name: r.capacity for r in conn.execute(select(g.c.name, g.c.capacity))}
    mine: dict[int, dict[str, int | None]] = {}
    for agent, name in conn.execute(
        select(ag.c.agent_id, g.c.name).join(g, g.c.id == ag.c.group_id).order_by(g.c.name)
    ):
        mine.setdefault(agent, {})[name] = groups[name]
    skills: dict[int, set[str]] = {}
    for agent, skill in conn.execute(select(s.c.agent_id, s.c.skill)):
        skills.setdefault(agent, set()).add(skill)
    rows = conn.execute(select(*a.c["id", "name", "capacity"]).where(a.c.active).order_by(a.c.name))
    return DeskToday(
        queues=found,
        hours=queue_hours.of_queues(conn, found),
        agents={
            r.id: AgentToday(
                id=r.id,
                name=r.name,
                capacity=r.capacity,
                groups=mine.get(r.id, {}),
                skills=frozenset(skills.get(r.id, ())),
            )
            for r in rows
        },
        groups=groups,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayInputs:
    """The desk of one run. ``rules``: the targets and opening hours of each queue. ``available``:
    when each agent was available, to compute their load. This is when their presence accepted work,
    or the opening hours of their queues if the change says so."""

    desk: ReplayDesk
    rules: Mapping[int, TargetRules]
    available: Mapping[int, Periods]


def inputs(
    now: DeskToday,
    change: ReplayChange,
    logged: Mapping[int, Periods],
    since: datetime,
    until: datetime,
) -> ReplayInputs:
    """Return the desk with a change. With an empty change, it is the current desk."""
    hours = {key: _hours(now, change.queue(key), key) for key in now.queues}
    opened = {key: one.open_times(since, until) for key, one in hours.items()}
    made = {key: _queue(now, change, key, queue, opened[key]) for key, queue in now.queues.items()}
    if change.available is AvailableAs.OPENING_HOURS:
        available: Mapping[int, Periods] = {
            agent: _union([one.open for one in made.values() if agent in one.members])
            for agent in now.agents
        }
    else:
        available = {agent: logged.get(agent, ()) for agent in now.agents}
    agents = {
        key: ReplayAgent(
            id=key,
            name=one.name,
            skills=_or(change.agent(key).skills, one.skills),
            available=available[key],
        )
        for key, one in now.agents.items()
    }
    return ReplayInputs(
        desk=ReplayDesk(queues=made, agents=agents),
        rules={
            key: TargetRules(targets=_targets(change.queue(key), queue), hours=hours[key])
            for key, queue in now.queues.items()
        },
        available=available,
    )


def _hours(now: DeskToday, change: QueueChange, key: int) -> Schedule:
    today = now.hours[key]
    if change.schedule is None:
        return today
    return Schedule(change.schedule, today.time_zone, today.country)


def _targets(change: QueueChange, queue: QueueFields) -> Any:
    return queue.targets if change.targets is None else change.targets


def _queue(
    now: DeskToday, change: ReplayChange, key: int, queue: QueueFields, opened: Periods
) -> ReplayQueue:
    mine = change.queue(key)
    needed = frozenset(one.name for one in queue.skills if one.mandatory)
    members: dict[int, QueueMember] = {}
    for agent in now.agents.values():
        if (member := _member(now, change, queue, agent)) is not None:
            members[agent.id] = member
    return ReplayQueue(
        rule=queue.assignment,
        open=opened,
        mandatory=_or(mine.skills, needed),
        optional=frozenset(one.name for one in queue.skills if not one.mandatory),
        members=members,
        affinity=timedelta(days=queue.affinity_days),
    )


def _member(
    now: DeskToday, change: ReplayChange, queue: QueueFields, agent: AgentToday
) -> QueueMember | None:
    """Return the agent's membership in a queue, from the first of their groups that gets offers;
    None if no group of theirs does."""
    mine = change.agent(agent.id)
    groups = agent.groups if mine.groups is None else {one: now.groups[one] for one in mine.groups}
    capacity = agent.capacity if mine.capacity is None else mine.capacity
    pools = sorted(
        (pool.after_seconds, -_limit(groups[pool.group], capacity))
        for pool in queue.pools
        if pool.group in groups
    )
    return QueueMember(pools[0][0], -pools[0][1]) if pools else None


def _limit(of_group: int | None, capacity: int) -> int:
    return capacity if of_group is None else min(of_group, capacity)


def _or(changed: tuple[str, ...] | None, today: frozenset[str]) -> frozenset[str]:
    return today if changed is None else frozenset(changed)


def _union(several: Sequence[Periods]) -> list[tuple[datetime, datetime]]:
    """Return the union of these periods, in order."""
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(one for periods in several for one in periods):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
