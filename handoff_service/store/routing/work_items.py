"""Work items and offers: waiting work, candidates, and offers so far."""

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

# Waiting states. Literals, because SQLite uses a partial index only when query and index have the
# same text.
WAITS = t.work_items.c.state.in_(
    [
        sa.literal_column(f"'{state}'")
        for state in (WorkItemState.QUEUED, WorkItemState.PENDING_ACCEPT)
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingItem:
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


def waiting(conn: Connection, most: int, skipped: int = 0) -> list[WaitingItem]:
    """Items that can be offered, the highest priority (lowest number) first. Items of equal
    priority are sorted oldest first.

    Returns the first ``most`` of each queue after ``skipped`` places. If ``skipped`` is 0, it also
    returns every item whose requester has not got the text about the wait yet. An item that is
    offered to all free agents stays in the list, because more agents may become free.
    """
    places = {"after": skipped, "last": skipped + most}
    return _found(conn.execute(_in_places(at_front=not skipped), places))


def to_review(conn: Connection, most: int) -> list[WaitingItem]:
    """The items that need a decision although no agent has room. These are the first ``most`` items
    with offers, all items whose requester has not got the text about the wait yet, and one item of
    each queue, for the log and the time of the next run.
    """
    return _found(conn.execute(_to_review(), {"most": most}))


def still_waiting(conn: Connection, ids: Collection[int]) -> list[WaitingItem]:
    """The items among ``ids`` that can still be offered, in the same order."""
    return _found(conn.execute(_BY_ID, {"ids": list(ids)}))


def _found(rows: Iterable[sa.Row[Any]]) -> list[WaitingItem]:
    fields = WaitingItem.__dataclass_fields__
    return [
        WaitingItem(**{name: value for name, value in r._mapping.items() if name in fields})
        for r in rows
    ]


# Whether the work item can be offered: it waits, or it was offered to all free agents and another
# agent may become free.
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
    """The facts that the bot collected in an interaction, by name, from its latest work item."""
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
