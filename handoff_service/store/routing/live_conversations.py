"""Active conversations, as supervisors see them now."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.shared.vocabulary import Owner, State
from handoff_service.store.conversations import interactions, running_targets, waiting
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.routing import work_items
from handoff_service.store.routing.candidates import WorkQueue
from handoff_service.store.routing.live_queues import late_at
from handoff_service.store.routing.offer_facts import offer_facts
from handoff_service.store.routing.work_items import WAITS
from handoff_service.store.views import Named, OfferFacts, OwnedBy
from handoff_service.store.views.supervision import LiveConversation

i, w, o, g = t.interactions, t.work_items, t.offers, t.live_group
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
    """Return active conversations: first those that wait, longest wait first, then the
    conversations of agents and those without an owner, then the virtual agent's. In the last two
    groups, the conversation with the newest message comes first.
    """
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
    targets = running_targets.of_conversations(conn, [r.id for r in rows])
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
            late_at=late_at(r.waiting_since, queues.get(r.queue_id)),
            last_message_at=r.last_message_at,
            joined=r.id in joined,
            target=targets[r.id][0] if r.id in targets else None,
        )
        for r in rows
    ]


def active(conn: Connection, queue_id: int | None) -> int:
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
