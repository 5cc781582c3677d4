"""Work items: those that wait, their latest decisions, and the agents who served their requesters
last."""

import functools
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from handoff_service.rules.shared.vocabulary import Assignment, WorkItemState
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction

# The waiting states. They are literals, because SQLite uses a partial index only if the query has
# the same text as the index.
WAITS = t.work_items.c.state.in_(
    [
        sa.literal_column(f"'{state}'")
        for state in (WorkItemState.QUEUED, WorkItemState.PENDING_ACCEPT)
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingItem:
    """A waiting work item. ``only``: the agent to whom ``sender`` has transferred it; None for
    other items."""

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


def waiting(conn: Connection, most: int, skipped: int = 0) -> list[WaitingItem]:
    """Return items that can be offered, highest priority (lowest number) first. Items of equal
    priority are sorted oldest first.

    The result has up to ``most`` items of each queue, after skipping the first ``skipped``. If
    ``skipped`` is 0, it also has every item whose requester has not been told about the wait yet.
    Items that are offered to all free agents are included, because more agents may become free.
    """
    places = {"after": skipped, "last": skipped + most}
    return _read(conn.execute(_in_places(at_front=not skipped), places))


def to_review(conn: Connection, most: int) -> list[WaitingItem]:
    """Return the items that need a decision even if no agent has room: the first ``most`` items
    with offers, all items whose requester has not been told about the wait yet, and one item of
    each queue. The one item of each queue is for the log and for the time of the next run.
    """
    return _read(conn.execute(_to_review(), {"most": most}))


def still_waiting(conn: Connection, ids: Collection[int]) -> list[WaitingItem]:
    """Return the items among ``ids`` that can still be offered, in the order of ``waiting``."""
    return _read(conn.execute(_BY_ID, {"ids": list(ids)}))


def _read(rows: Iterable[sa.Row[Any]]) -> list[WaitingItem]:
    fields = WaitingItem.__dataclass_fields__
    return [
        WaitingItem(**{name: value for name, value in r._mapping.items() if name in fields})
        for r in rows
    ]


# Whether a work item can be offered: it is waiting, or it is offered to all free agents and more
# agents may become free.
_OFFERABLE = WAITS & sa.or_(
    t.work_items.c.state == WorkItemState.QUEUED,
    t.queues.c.assignment == Assignment.FIRST_TO_ACCEPT,
)


def _offerable() -> sa.Select[Any]:
    w, q, i = t.work_items, t.queues, t.interactions
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
        .where(_OFFERABLE)
    )


# highest priority first, then oldest first
_ORDER = (t.interactions.c.priority, t.work_items.c.created_at, t.work_items.c.id)
_BY_ID = _offerable().where(one_of(t.work_items.c.id, "ids")).order_by(*_ORDER)


@functools.cache  # nearly every command needs it, and building it takes longer than running it
def _in_places(*, at_front: bool) -> sa.Select[Any]:
    """Build the query for ``waiting``, with the parameters ``after`` and ``last``."""
    place = sa.func.row_number().over(partition_by=t.work_items.c.queue_id, order_by=_ORDER)
    found = _offerable().add_columns(place.label("place")).subquery()
    in_places = (found.c.place > sa.bindparam("after")) & (found.c.place <= sa.bindparam("last"))
    return (
        select(found)
        .where(sa.or_(in_places, found.c.told.is_(None)) if at_front else in_places)
        .order_by(found.c.priority, found.c.created_at, found.c.id)
    )


@functools.cache
def _to_review() -> sa.Select[Any]:
    w, q = t.work_items, t.queues
    offerable = w.join(q, q.c.id == w.c.queue_id)
    one_of_each = (
        select(sa.func.min(w.c.id)).select_from(offerable).where(_OFFERABLE).group_by(w.c.queue_id)
    )
    offers = sa.exists().where(t.offers.c.work_item_id == w.c.id)
    offered = (
        select(w.c.id)
        .select_from(offerable)
        .where(_OFFERABLE, offers)
        .order_by(w.c.id)
        .limit(sa.bindparam("most"))
    )
    return (
        _offerable()
        .where(sa.or_(w.c.told.is_(None), w.c.id.in_(one_of_each), w.c.id.in_(offered)))
        .order_by(*_ORDER)
    )


def served_last(
    conn: Connection, numbers: Collection[str], since: datetime
) -> dict[str, tuple[int, datetime]]:
    """Return the agent of each requester's last conversation that closed since then, and when it
    closed, by requester number."""
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
    """Return the (round, sentence) of each work item's latest decision."""
    g = t.assignment_log
    newest = (
        select(sa.func.max(g.c.id))
        .where(one_of(g.c.work_item_id, work_item_ids))
        .group_by(g.c.work_item_id)
    )
    rows = conn.execute(select(g.c.work_item_id, g.c.round, g.c.said).where(g.c.id.in_(newest)))
    return {r.work_item_id: (r.round, r.said) for r in rows}


def collected(conn: Connection, interaction_id: int) -> dict[str, str]:
    """Return the facts that the bot collected in an interaction, from its latest work item."""
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
