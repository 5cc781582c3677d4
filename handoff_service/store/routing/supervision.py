"""The supervisors' live view: queues, agents, conversations, in a fixed number of queries."""

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.routing import assignment
from handoff_service.rules.routing.assignment import Candidate, Need
from handoff_service.rules.routing.queues import problems
from handoff_service.rules.shared.vocabulary import (
    Owner,
    State,
)
from handoff_service.store.conversations import interactions, waiting
from handoff_service.store.delivery import outbox, reply_limit_alarms, restore_holds
from handoff_service.store.desk import availability
from handoff_service.store.desk.availability import LOAD, TAKES_WORK
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.routing import work_items
from handoff_service.store.routing.offer_facts import offer_facts
from handoff_service.store.routing.work_items import WAITS, WorkQueue
from handoff_service.store.views import Named, OfferFacts, OwnedBy
from handoff_service.store.views.supervision import AgentNow, LiveConversation, Now, QueueNow

i, m, w, o, g = t.interactions, t.messages, t.work_items, t.offers, t.live_group
TOO_LONG = timedelta(minutes=10)  # for queues without their own alarm


def now(conn: Connection, agent_id: int, *, queue_id: int | None = None, most: int = 50) -> Now:
    """The whole view for ``agent_id``, with up to ``most`` conversations of one queue or all."""
    of_queues = work_items.work_queues(conn)
    seen = queues(conn, of_queues)
    return Now(
        queues=seen,
        agents=agents(conn),
        conversations=conversations(conn, of_queues, agent_id, queue_id=queue_id, most=most),
        active=_active(conn, queue_id),
        waiting=sum(queue.waiting for queue in seen),
        oldest_since=min(
            (queue.oldest_since for queue in seen if queue.oldest_since), default=None
        ),
        full_ranges=reply_limit_alarms.full_ranges(conn),
        reached_caps=reply_limit_alarms.reached_caps(conn),
        not_taken=outbox.not_taken(conn),
        held=restore_holds.held(conn),
    )


def agents(conn: Connection) -> list[AgentNow]:
    """Active agents who can have conversations: those who take work first, then by name."""
    a, log = t.agents, t.presence_log
    since = (
        select(log.c.since)
        .where(log.c.agent_id == a.c.id)
        .order_by(log.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = conn.execute(
        select(
            *a.c["id", "name", "capacity"],
            availability.PRESENCE.label("presence"),
            a.c.automatic_reason.label("presence_reason"),
            LOAD.label("load"),
            TAKES_WORK.label("takes_work"),
            since.label("since"),
        )
        .where(a.c.active, a.c.capacity > 0)
        .order_by(a.c.name, a.c.id)
    ).all()
    groups = _groups(conn)
    found = [
        AgentNow(
            id=r.id,
            name=r.name,
            presence=r.presence,
            presence_reason=r.presence_reason,
            since=r.since,
            takes_work=bool(r.takes_work),
            load=r.load,
            capacity=r.capacity,
            groups=groups.get(r.id, []),
        )
        for r in rows
    ]
    return sorted(found, key=lambda one: (not one.takes_work, one.presence == "offline"))


# Queues -------------------------------------------------------------------------------------------


def queues(conn: Connection, of: dict[int, WorkQueue] | None = None) -> list[QueueNow]:
    """Queues in the admin's order. ``of``: queues by id, when they are already loaded."""
    of = work_items.work_queues(conn) if of is None else of
    at, waiting = read_at(conn), _waiting(conn)
    candidates = work_items.candidates(conn, of)
    groups = _groups_of_queues(conn)
    order = conn.execute(
        select(t.queues.c.id).order_by(t.queues.c.position, t.queues.c.id)
    ).scalars()
    found = []
    for queue in (of[queue_id] for queue_id in order):
        members = list(candidates.get(queue.id, {}).values())
        able = [one for one in members if queue.mandatory <= one.skills]
        count, since = waiting.get(queue.id, (0, None))
        opens_at = queue.schedule.opens_at(at)
        closes_at = queue.schedule.closes_at(at)
        found.append(
            QueueNow(
                id=queue.id,
                name=queue.name,
                assignment=queue.rule,
                waiting=count,
                oldest_since=since,
                late_at=_late(since, queue),
                free=sum(_could_be_asked(one, queue) for one in able),
                eligible=len(able),
                open_now=opens_at == at,
                opens_at=None if opens_at == at else opens_at,
                closes_at=closes_at,
                problems=problems(
                    groups=groups.get(queue.id, []),
                    agents=len(members),
                    lacking=() if able or not members else sorted(queue.mandatory),
                    schedule_error="is never open again within a year"
                    if opens_at is None
                    else None,
                ),
            )
        )
    return found


def _could_be_asked(one: Candidate, queue: WorkQueue) -> bool:
    """Whether the agent could be offered an item that has waited long enough for every pool."""
    need = Need(rule=queue.rule, waited=timedelta.max, mandatory=queue.mandatory)
    return assignment.left_out(one, need) is None


def _waiting(conn: Connection) -> dict[int, tuple[int, datetime]]:
    """queue -> (how many wait in it, since when the longest waits)."""
    rows = conn.execute(
        select(w.c.queue_id, func.count(), func.min(w.c.created_at))
        .where(WAITS, w.c.for_agent_id.is_(None))
        .group_by(w.c.queue_id)
    )
    return {r[0]: (r[1], r[2]) for r in rows}


def _late(since: datetime | None, queue: WorkQueue | None) -> datetime | None:
    alarm = queue.alarm if queue is not None else None
    return None if since is None else since + (alarm or TOO_LONG)


def _groups(conn: Connection) -> dict[int, list[str]]:
    of, named = t.agent_groups, t.groups
    found: dict[int, list[str]] = {}
    query = (
        select(of.c.agent_id, named.c.name)
        .join(named, named.c.id == of.c.group_id)
        .order_by(named.c.name)
    )
    for agent_id, name in conn.execute(query):
        found.setdefault(agent_id, []).append(name)
    return found


def _groups_of_queues(conn: Connection) -> dict[int, list[str]]:
    of, named = t.queue_groups, t.groups
    found: dict[int, list[str]] = {}
    query = (
        select(of.c.queue_id, named.c.name)
        .join(named, named.c.id == of.c.group_id)
        .order_by(named.c.name)
    )
    for queue_id, name in conn.execute(query):
        found.setdefault(queue_id, []).append(name)
    return found


# Conversations ------------------------------------------------------------------------------------

_WAITING_SINCE = sa.type_coerce(
    sa.case(
        (i.c.owner == Owner.QUEUE, w.c.created_at),
        (waiting.WITH_AGENT, waiting.WAITING_FOR_AGENT_SINCE),
        else_=None,
    ),
    t.UtcTime(),
).label("waiting_since")


def conversations(
    conn: Connection,
    queues: dict[int, WorkQueue],
    agent_id: int,
    *,
    queue_id: int | None,
    most: int,
) -> list[LiveConversation]:
    """Active conversations: the longest wait first, then those with agents, then the virtual
    agent's, newest first."""
    u, q, a = t.users, t.queues, t.agents
    query = (
        select(
            *i.c[
                "id",
                "requester_number",
                "user_id",
                "state",
                "owner",
                "queue_id",
                "assigned_to",
                "last_message_at",
            ],
            u.c.name.label("user_name"),
            q.c.name.label("queue_name"),
            a.c.name.label("agent_name"),
            w.c.id.label("work_item_id"),
            _WAITING_SINCE,
        )
        .select_from(i)
        .outerjoin(w, (w.c.interaction_id == i.c.id) & WAITS)
        .outerjoin(u, u.c.id == i.c.user_id)
        .outerjoin(q, q.c.id == i.c.queue_id)
        .outerjoin(a, a.c.id == i.c.assigned_to)
        .where(
            i.c.closed_at.is_(None), *([i.c.queue_id == queue_id] if queue_id is not None else [])
        )
    )
    found = query.subquery()
    order = (
        found.c.waiting_since.is_(None),
        found.c.waiting_since,
        found.c.owner == Owner.VIRTUAL_AGENT,
    )
    rows = conn.execute(
        select(found)
        .order_by(*order, found.c.last_message_at.desc(), found.c.id.desc())
        .limit(most)
    ).all()
    items = [r.work_item_id for r in rows if r.work_item_id is not None]
    offered = _offered(conn, items) if items else {}
    decided = work_items.last_decisions(conn, items) if items else {}
    facts = offer_facts(conn, [r.id for r in rows if r.work_item_id is not None])
    joined = _joined(conn, agent_id, [r.id for r in rows]) if rows else set()
    return [
        LiveConversation(
            id=r.id,
            number=interactions.number(r.id),
            user=_named(r.user_id, r.user_name),
            requester_number=r.requester_number,
            state=State(r.state),
            owner=_owner(r),
            queue=_named(r.queue_id, r.queue_name),
            work_item_id=r.work_item_id,
            offered_to=offered.get(r.work_item_id, []),
            said=decided[r.work_item_id][1] if r.work_item_id in decided else None,
            offer=OfferFacts(**facts[r.id]) if r.id in facts else None,
            waiting_since=r.waiting_since,
            late_at=_late(r.waiting_since, queues.get(r.queue_id)),
            last_message_at=r.last_message_at,
            joined=r.id in joined,
        )
        for r in rows
    ]


def _active(conn: Connection, queue_id: int | None) -> int:
    of_queue = [i.c.queue_id == queue_id] if queue_id is not None else []
    return conn.execute(select(func.count()).where(i.c.closed_at.is_(None), *of_queue)).scalar_one()


def _offered(conn: Connection, work_item_ids: Collection[int]) -> dict[int, list[Named]]:
    a = t.agents
    rows = conn.execute(
        select(o.c.work_item_id, a.c.id, a.c.name)
        .join(a, a.c.id == o.c.agent_id)
        .where(one_of(o.c.work_item_id, work_item_ids), o.c.outcome.is_(None))
        .order_by(a.c.name)
    )
    found: dict[int, list[Named]] = {}
    for r in rows:
        found.setdefault(r.work_item_id, []).append(Named(id=r.id, name=r.name))
    return found


def _joined(conn: Connection, agent_id: int, ids: Collection[int]) -> set[int]:
    query = select(g.c.interaction_id).where(
        g.c.agent_id == agent_id, one_of(g.c.interaction_id, ids)
    )
    return set(conn.execute(query).scalars())


def _owner(r: sa.Row[tuple[object, ...]]) -> OwnedBy:
    owner = Owner(r.owner)
    who = {Owner.AGENT: (r.assigned_to, r.agent_name), Owner.QUEUE: (r.queue_id, r.queue_name)}
    by = who.get(owner, (None, None))
    return OwnedBy(kind=owner, id=by[0], name=by[1])


def _named(of: int | None, name: str | None) -> Named | None:
    return Named(id=of, name=name or "") if of is not None else None
