"""Work items and offers: what waits, who could take it, what was offered."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from handoff_service.rules.assignment import Candidate
from handoff_service.rules.vocabulary import OfferOutcome, Presence, State, WorkItemState
from handoff_service.store import tables as t
from handoff_service.store.lanes import Transaction
from handoff_service.store.several import one_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A work item that nobody has been offered yet, or that has come back."""

    id: int
    interaction_id: int
    queue_id: int
    queue_name: str
    accept_seconds: int
    told: str | None


def waiting(conn: Connection, most: int) -> list[Waiting]:
    """Queued work items, highest priority (lowest number) first, then oldest first."""
    w, q, i = t.work_items, t.queues, t.interactions
    rows = conn.execute(
        select(w.c.id, w.c.interaction_id, w.c.queue_id, q.c.name.label("queue_name"), q.c.accept_seconds, w.c.told)
        .join(q, q.c.id == w.c.queue_id)
        .join(i, i.c.id == w.c.interaction_id)
        .where(w.c.state == WorkItemState.QUEUED)
        .order_by(i.c.priority, w.c.created_at, w.c.id)
        .limit(most)
    )
    return [Waiting(**r._mapping) for r in rows]


def _load_of() -> sa.ScalarSelect[int]:
    """Offers that wait for the agent and active conversations that are theirs, not those on hold."""
    i, o = t.interactions, t.offers
    active = (
        select(sa.func.count())
        .select_from(i)
        .where(i.c.assigned_to == t.agents.c.id, i.c.closed_at.is_(None), i.c.state != State.ON_HOLD)
        .correlate(t.agents)
        .scalar_subquery()
    )
    offered = (
        select(sa.func.count())
        .select_from(o)
        .where(o.c.agent_id == t.agents.c.id, o.c.outcome.is_(None))
        .correlate(t.agents)
        .scalar_subquery()
    )
    return sa.cast(active + offered, sa.Integer)  # type: ignore[return-value]  # a sum of two scalar subqueries


LOAD = _load_of()


def candidates(conn: Connection) -> dict[int, dict[int, Candidate]]:
    """queue id -> agent id -> the agent as a candidate, for every agent of a group that a queue names."""
    a = t.agents
    rows = conn.execute(
        select(t.queue_groups.c.queue_id, a.c.id, a.c.presence, a.c.capacity, a.c.last_assigned_at, LOAD.label("load"))
        .join(t.agent_groups, t.agent_groups.c.group_id == t.queue_groups.c.group_id)
        .join(a, a.c.id == t.agent_groups.c.agent_id)
        .where(a.c.presence == Presence.AVAILABLE)
    )
    found: dict[int, dict[int, Candidate]] = {}
    for r in rows:
        found.setdefault(r.queue_id, {})[r.id] = Candidate(
            agent_id=r.id,
            presence=Presence(r.presence),
            capacity=r.capacity,
            load=r.load,
            last_assigned_at=r.last_assigned_at,
            declined_at=None,
        )
    return found


def declined_at(conn: Connection, work_item_id: int) -> dict[int, datetime]:
    """agent id -> when they last rejected this work item or let it time out."""
    o = t.offers
    rows = conn.execute(
        select(o.c.agent_id, sa.func.max(o.c.ended_at, type_=o.c.ended_at.type))
        .where(
            o.c.work_item_id == work_item_id,
            o.c.outcome.in_([OfferOutcome.REJECTED, OfferOutcome.TIMED_OUT]),
        )
        .group_by(o.c.agent_id)
    )
    return {r[0]: r[1] for r in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer that is open, with the work item's interaction and queue."""

    id: int
    work_item_id: int
    interaction_id: int
    agent_id: int
    offered_at: datetime
    expires_at: datetime


def open_offer(
    conn: Connection, *, offer_id: int | None = None, work_item_id: int | None = None, agent_id: int | None = None
) -> Offer | None:
    """The open offer with this id, or of this work item to this agent; locked."""
    o, w = t.offers, t.work_items
    query = (
        select(o.c.id, o.c.work_item_id, w.c.interaction_id, o.c.agent_id, o.c.offered_at, o.c.expires_at)
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
    tx: Transaction, work_item_ids: Collection[int], outcome: OfferOutcome, *, but: int | None = None
) -> list[tuple[int, int]]:
    """Withdraw the open offers of these work items (but one). Returns (offer, agent) of each."""
    o = t.offers
    rows = tx.conn.execute(
        update(o)
        .where(one_of(o.c.work_item_id, work_item_ids), o.c.outcome.is_(None), o.c.id != (but or 0))
        .values(outcome=outcome, ended_at=tx.now)
        .returning(o.c.id, o.c.agent_id)
    )
    return [(r[0], r[1]) for r in rows]
