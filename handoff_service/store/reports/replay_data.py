"""The data for replays: the conversations that entered queues in the last days, their outcomes, and
the times when agents were available.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.reports.target_facts import spans_of
from handoff_service.rules.routing.replay_input import Declined, Periods
from handoff_service.rules.routing.targets import HeldTime
from handoff_service.rules.shared.vocabulary import (
    OfferOutcome,
    Presence,
    WorkItemState,
)
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.reports import records

MAX_ARRIVALS = 50_000  # arrivals that a replay covers; on a busy desk, it covers fewer days
AT_ONCE = 200  # conversations whose messages one query reads
w, i, o = t.work_items, t.interactions, t.offers


@dataclass(frozen=True, slots=True, kw_only=True)
class PastItem:
    """A past work item. ``accepting``: how long the agent took to accept. ``gone_at``: when it
    ended without an agent. ``until``: when its agent no longer had the conversation. ``declines``:
    each agent's declined offers, by agent id."""

    id: int
    interaction_id: int
    queue_id: int
    priority: int
    created_at: datetime
    taken_at: datetime | None
    agent_id: int | None
    accepting: timedelta
    gone_at: datetime | None
    until: datetime
    requester: str
    declines: Mapping[int, Sequence[Declined]]


def items(conn: Connection, since: datetime, until: datetime) -> list[PastItem]:
    """Return the work items that entered queues between two times, oldest first: at most the newest
    ``MAX_ARRIVALS``. Transfers to an agent are left out."""
    later = w.alias("later")
    next_at = (
        select(later.c.created_at)
        .where(later.c.interaction_id == w.c.interaction_id, later.c.id > w.c.id)
        .order_by(later.c.id)
        .limit(1)
        .correlate(w)
        .scalar_subquery()
    )
    rows = conn.execute(
        select(
            w,
            sa.type_coerce(next_at, t.UtcTime()).label("next_at"),
            i.c.priority,
            i.c.closed_at,
            i.c.requester_number,
        )
        .join(i, i.c.id == w.c.interaction_id)
        .where(w.c.created_at >= since, w.c.created_at < until, w.c.for_agent_id.is_(None))
        .order_by(w.c.id.desc())
        .limit(MAX_ARRIVALS)
    ).all()
    ids = [row.id for row in rows]
    accepted, declined = _accepted(conn, ids), _declined(conn, ids)
    return [
        _item(row, accepted.get(row.id), declined.get(row.id, {}), until) for row in reversed(rows)
    ]


def _accepted(conn: Connection, ids: Collection[int]) -> dict[int, Any]:
    rows = conn.execute(
        select(*o.c["work_item_id", "agent_id", "offered_at", "ended_at"]).where(
            one_of(o.c.work_item_id, ids), o.c.outcome == OfferOutcome.ACCEPTED
        )
    )
    return {row.work_item_id: row for row in rows}


def _declined(conn: Connection, ids: Collection[int]) -> dict[int, dict[int, list[Declined]]]:
    """Return the offers that each agent rejected or let expire, in order, by work item and
    agent."""
    rows = conn.execute(
        select(*o.c["work_item_id", "agent_id", "offered_at", "ended_at", "again"])
        .where(one_of(o.c.work_item_id, ids))
        .where(o.c.outcome.in_((OfferOutcome.REJECTED, OfferOutcome.TIMED_OUT)))
        .order_by(o.c.id)
    )
    found: dict[int, dict[int, list[Declined]]] = {}
    for row in rows:
        of_agent = found.setdefault(row.work_item_id, {}).setdefault(row.agent_id, [])
        of_agent.append(Declined(after=row.ended_at - row.offered_at, again=bool(row.again)))
    return found


def served_before(
    conn: Connection, numbers: Collection[str], since: datetime, until: datetime
) -> dict[str, tuple[int, datetime]]:
    """Return the agent of each requester's last conversation that closed between two times, and
    when it closed."""
    rows = conn.execute(
        select(*i.c["requester_number", "assigned_to", "closed_at"])
        .where(one_of(i.c.requester_number, numbers), i.c.assigned_to.is_not(None))
        .where(i.c.closed_at >= since, i.c.closed_at < until)
        .order_by(i.c.closed_at)
    )
    return {row.requester_number: (row.assigned_to, row.closed_at) for row in rows}


def _item(
    row: Any, offer: Any | None, declines: Mapping[int, Sequence[Declined]], until: datetime
) -> PastItem:
    taken = row.state == WorkItemState.ACCEPTED and offer is not None
    ends = [at for at in (row.next_at, row.closed_at, until) if at is not None]
    return PastItem(
        id=row.id,
        interaction_id=row.interaction_id,
        queue_id=row.queue_id,
        priority=row.priority,
        created_at=row.created_at,
        taken_at=row.ended_at if taken else None,
        agent_id=offer.agent_id if taken and offer else None,
        accepting=row.ended_at - offer.offered_at if taken and offer else timedelta(),
        gone_at=None if taken else row.ended_at,
        until=min(ends),
        requester=row.requester_number,
        declines=declines,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedInConversation:
    """The times when live agents owed an answer in a conversation, and its holds."""

    spans: Sequence[Any]
    holds: Sequence[HeldTime]


def conversations(conn: Connection, ids: Collection[int]) -> dict[int, OwedInConversation]:
    """Return the times when live agents owed an answer in these conversations, and the holds."""
    return {
        key: OwedInConversation(
            spans=spans_of(one.record.lines, one.record.closed_at), holds=one.holds
        )
        for key, one in records.load(conn, ids).items()
    }


def presences(conn: Connection, since: datetime, until: datetime) -> dict[int, Periods]:
    """Return the periods when each agent's presence accepted work, in order."""
    g, s = t.presence_log, t.presence_states
    accepting_work = {
        Presence.AVAILABLE,
        *conn.execute(select(s.c.name).where(s.c.takes_work)).scalars(),
    }
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    began: dict[int, datetime | None] = {}
    rows = conn.execute(
        select(*g.c["agent_id", "presence", "since"]).where(g.c.since < until).order_by(g.c.id)
    )
    for agent, presence, at in rows:
        start = began.get(agent)
        if start is not None and at > since:
            found.setdefault(agent, []).append((max(start, since), at))
        began[agent] = at if presence in accepting_work else None
    for agent, start in began.items():
        if start is not None:
            found.setdefault(agent, []).append((max(start, since), until))
    return dict(found)
