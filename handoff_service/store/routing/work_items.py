"""Work items and offers: waiting work, candidates, and offers so far."""

import functools
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.routing.assignment import Candidate
from handoff_service.rules.shared.vocabulary import Assignment, OfferOutcome, WorkItemState
from handoff_service.store.desk.availability import LOAD, PRESENCE, TAKES_WORK
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.lanes import Transaction
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.routing import queue_hours

# Waiting states. Literals, because SQLite uses a partial index only when query and index have the
# same text.
WAITS = t.work_items.c.state.in_(
    [
        sa.literal_column(f"'{state}'")
        for state in (WorkItemState.QUEUED, WorkItemState.PENDING_ACCEPT)
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A waiting work item. ``only``: the one agent it is for; ``sender``: who transferred it."""

    id: int
    interaction_id: int
    requester_number: str
    queue_id: int
    state: WorkItemState
    told: str | None
    round: int
    only: int | None
    sender: int | None
    created_at: datetime


def waiting(conn: Connection, most: int, behind: int = 0) -> list[Waiting]:
    """Items that can be offered: highest priority (lowest number) first, then oldest first.

    Returns the first ``most`` of each queue after ``behind`` places. From the front, it also
    returns every item whose requester has not been told anything yet. An item offered to all free
    agents can be offered to more.
    """
    places = {"after": behind, "last": behind + most}
    return _found(conn.execute(_in_places(at_front=not behind), places))


def to_review(conn: Connection, most: int) -> list[Waiting]:
    """The items that need a decision although no agent has room: the first ``most`` with offers,
    those whose requester has not been told anything yet, and one of each queue, for the log and the
    time of the next run."""
    return _found(conn.execute(_to_review(), {"most": most}))


def still_waiting(conn: Connection, ids: Collection[int]) -> list[Waiting]:
    """Those of these items that can still be offered, in the same order."""
    return _found(conn.execute(_BY_ID, {"ids": list(ids)}))


def _found(rows: Iterable[sa.Row[Any]]) -> list[Waiting]:
    fields = Waiting.__dataclass_fields__
    return [
        Waiting(**{name: value for name, value in r._mapping.items() if name in fields})
        for r in rows
    ]


def _offerable() -> sa.Select[Any]:
    w, q, i = t.work_items, t.queues, t.interactions
    to_all = (w.c.state == WorkItemState.PENDING_ACCEPT) & (
        q.c.assignment == Assignment.FIRST_TO_ACCEPT
    )
    return (
        select(
            *w.c["id", "interaction_id", "queue_id", "state", "told", "round", "created_at"],
            i.c.requester_number,
            i.c.priority,
            w.c.for_agent_id.label("only"),
            w.c.from_agent_id.label("sender"),
        )
        .join(q, q.c.id == w.c.queue_id)
        .join(i, i.c.id == w.c.interaction_id)
        .where(WAITS, sa.or_(w.c.state == WorkItemState.QUEUED, to_all))
    )


# the most urgent first
_ORDER = (t.interactions.c.priority, t.work_items.c.created_at, t.work_items.c.id)
_BY_ID = _offerable().where(one_of(t.work_items.c.id, "ids")).order_by(*_ORDER)


@functools.cache  # nearly every command asks, and building this takes longer than running it
def _in_places(*, at_front: bool) -> sa.Select[Any]:
    """The query of ``waiting``, with its parameters ``after`` and ``last``."""
    place = sa.func.row_number().over(partition_by=t.work_items.c.queue_id, order_by=_ORDER)
    found = _offerable().add_columns(place.label("place")).subquery()
    among = (found.c.place > sa.bindparam("after")) & (found.c.place <= sa.bindparam("last"))
    return (
        select(found)
        .where(sa.or_(among, found.c.told.is_(None)) if at_front else among)
        .order_by(found.c.priority, found.c.created_at, found.c.id)
    )


@functools.cache
def _to_review() -> sa.Select[Any]:
    w = t.work_items
    one_of_each = select(sa.func.min(w.c.id)).where(WAITS).group_by(w.c.queue_id)
    offers = sa.exists().where(t.offers.c.work_item_id == w.c.id)
    offered = select(w.c.id).where(WAITS, offers).order_by(w.c.id).limit(sa.bindparam("most"))
    return (
        _offerable()
        .where(sa.or_(w.c.told.is_(None), w.c.id.in_(one_of_each), w.c.id.in_(offered)))
        .order_by(*_ORDER)
    )


def have_room(conn: Connection, queue_ids: Collection[int]) -> bool:
    """Whether any agent in these queues' groups takes work and is below capacity."""
    return any(
        agent.takes_work and agent.load < agent.capacity
        for of_queue in candidates(conn, queue_ids).values()
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
    """Queues by id."""
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


def candidates(conn: Connection, queue_ids: Collection[int]) -> dict[int, dict[int, Candidate]]:
    """queue id -> agent id -> the agent as a candidate, for every active agent in the queue's
    groups.

    An agent in several groups joins with the first of them.
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
    found: dict[int, dict[int, Candidate]] = {}
    for r in rows:
        found.setdefault(r.queue_id, {})[r.id] = _candidate(
            r, skills, limit=r.limit, after_seconds=r.after_seconds
        )
    return found


def candidate(conn: Connection, agent_id: int) -> Candidate | None:
    """One active agent as a candidate, with their own limit, whatever their groups."""
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


@dataclass(slots=True)
class Answers:
    """Agents' answers to a work item, and the agents with an open offer of it."""

    declined: dict[int, tuple[int, bool]] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    last_at: datetime | None = None


def answers(conn: Connection, work_item_ids: Collection[int]) -> dict[int, Answers]:
    """work item -> the answers to its offers. ``declined``: agent -> (latest round, may be asked
    again)."""
    o = t.offers
    declined = o.c.outcome.in_([OfferOutcome.REJECTED, OfferOutcome.TIMED_OUT])
    rows = conn.execute(
        select(*o.c["work_item_id", "agent_id", "outcome", "round", "again", "ended_at"])
        .where(one_of(o.c.work_item_id, work_item_ids), sa.or_(o.c.outcome.is_(None), declined))
        .order_by(o.c.id)
    )
    found: dict[int, Answers] = {}
    for r in rows:
        answer = found.setdefault(r.work_item_id, Answers())
        if r.outcome is None:
            answer.asked.add(r.agent_id)
        else:
            answer.declined[r.agent_id] = (
                r.round,
                r.again and answer.declined.get(r.agent_id, (0, True))[1],
            )
            answer.last_at = r.ended_at
    return found


def served_last(
    conn: Connection, numbers: Collection[str], since: datetime
) -> dict[str, tuple[int, datetime]]:
    """requester number -> (the agent who closed its latest conversation since then, when)."""
    i = t.interactions
    rows = conn.execute(
        select(i.c.requester_number, i.c.assigned_to, i.c.closed_at)
        .where(
            one_of(i.c.requester_number, numbers),
            i.c.closed_at >= since,
            i.c.assigned_to.is_not(None),
        )
        .order_by(i.c.closed_at)
    )
    return {r.requester_number: (r.assigned_to, r.closed_at) for r in rows}


def last_decisions(conn: Connection, work_item_ids: Collection[int]) -> dict[int, tuple[int, str]]:
    """work item -> (round, sentence) of its latest decision."""
    g = t.assignment_log
    newest = (
        select(sa.func.max(g.c.id))
        .where(one_of(g.c.work_item_id, work_item_ids))
        .group_by(g.c.work_item_id)
    )
    rows = conn.execute(select(g.c.work_item_id, g.c.round, g.c.said).where(g.c.id.in_(newest)))
    return {r.work_item_id: (r.round, r.said) for r in rows}


def collected(conn: Connection, interaction_id: int) -> dict[str, str]:
    """What the bot learned of an interaction, by name, from its latest work item."""
    w = t.work_items
    query = (
        select(w.c.collected)
        .where(w.c.interaction_id == interaction_id)
        .order_by(w.c.id.desc())
        .limit(1)
    )
    return conn.execute(query).scalar() or {}


def assigned(tx: Transaction, agent_ids: Collection[int]) -> None:
    """Record that these agents were just offered or assigned work."""
    a = t.agents
    tx.conn.execute(update(a).where(one_of(a.c.id, agent_ids)).values(last_assigned_at=tx.now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An open offer with its work item's interaction. ``only``: a transfer to this one agent, by
    ``sender``."""

    id: int
    work_item_id: int
    interaction_id: int
    agent_id: int
    only: int | None
    sender: int | None
    offered_at: datetime
    expires_at: datetime


def open_offer(
    conn: Connection,
    *,
    offer_id: int | None = None,
    work_item_id: int | None = None,
    agent_id: int | None = None,
) -> Offer | None:
    """The open offer with this id, or of this work item to this agent, locked."""
    o, w = t.offers, t.work_items
    query = (
        select(
            *o.c["id", "work_item_id", "agent_id", "offered_at", "expires_at"],
            w.c.interaction_id,
            w.c.for_agent_id.label("only"),
            w.c.from_agent_id.label("sender"),
        )
        .join(w, w.c.id == o.c.work_item_id)
        .where(o.c.outcome.is_(None))
        .with_for_update(of=o)
    )
    if offer_id is not None:
        query = query.where(o.c.id == offer_id)
    else:
        query = query.where(o.c.work_item_id == work_item_id, o.c.agent_id == agent_id)
    row = conn.execute(query).one_or_none()
    return Offer(**row._mapping) if row else None


def end_offers(
    tx: Transaction,
    work_item_ids: Collection[int],
    outcome: OfferOutcome,
    *,
    but: int | None = None,
) -> list[tuple[int, int]]:
    """Withdraw the open offers of these work items (except one). Returns (offer, agent) of each."""
    o = t.offers
    rows = tx.conn.execute(
        update(o)
        .where(one_of(o.c.work_item_id, work_item_ids), o.c.outcome.is_(None), o.c.id != (but or 0))
        .values(outcome=outcome, ended_at=tx.now)
        .returning(o.c.id, o.c.agent_id)
    )
    return [(r[0], r[1]) for r in rows]
