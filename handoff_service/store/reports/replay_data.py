"""The data for replays: the conversations that entered queues in the last days, their outcomes, and
the times when agents were available.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.rules.reports.target_facts import spans_of
from handoff_service.rules.routing.replay import Outcome
from handoff_service.rules.routing.replay_figures import PastAnswers
from handoff_service.rules.routing.replay_input import Arrival, Declined, Periods
from handoff_service.rules.routing.targets import HeldTime
from handoff_service.rules.shared.vocabulary import (
    OfferOutcome,
    Presence,
    TargetKind,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPast:
    """The past as replays need it. The keys of each mapping are the arrivals' ids."""

    arrivals: Sequence[Arrival]
    happened: Mapping[int, Outcome]
    answers: Mapping[int, PastAnswers]


def past_of(found: Sequence[PastItem], about: Mapping[int, OwedInConversation]) -> ReplayPast:
    """Convert items to the past of a replay. ``about``: the items' conversations. A conversation's
    targets count only for its first item.
    """
    usual_busy = _usual(found, about, _busy)
    usual_answer = _usual(found, about, _answer)
    arrivals, answers = [], {}
    seen = set[int]()
    for one in found:
        past = about.get(one.interaction_id)
        is_first = one.interaction_id not in seen
        seen.add(one.interaction_id)
        gone = one.gone_at - one.created_at if one.gone_at is not None else None
        busy = _busy(one, past) if one.taken_at else usual_busy[one.queue_id]
        arrivals.append(
            Arrival(
                id=one.id,
                queue_id=one.queue_id,
                at=one.created_at,
                priority=one.priority,
                patience=gone,
                accepting=one.accepting,
                busy=busy or timedelta(),
                requester=one.requester,
                declines=one.declines,
            )
        )
        answers[one.id] = PastAnswers(
            spans=past.spans if past and is_first else (),
            holds=past.holds if past and is_first else (),
            taken_at=one.taken_at if is_first else one.created_at,
            usual_answer=usual_answer[one.queue_id],
        )
    happened = {one.id: Outcome(one.agent_id, one.taken_at) for one in found}
    return ReplayPast(arrivals=arrivals, happened=happened, answers=answers)


def _busy(one: PastItem, past: OwedInConversation | None) -> timedelta | None:
    if one.taken_at is None:
        return None
    held = sum(
        (
            max(min(h.ended_at or one.until, one.until) - max(h.began_at, one.taken_at), _NOTHING)
            for h in (past.holds if past else ())
        ),
        _NOTHING,
    )
    return max(one.until - one.taken_at - held, _NOTHING)


def _answer(one: PastItem, past: OwedInConversation | None) -> timedelta | None:
    if one.taken_at is None or past is None:
        return None
    first = next((s for s in past.spans if s.kind is TargetKind.FIRST_RESPONSE and s.reached), None)
    return None if first is None else max(first.ended_at - one.taken_at, _NOTHING)


def _usual(
    found: Sequence[PastItem], about: Mapping[int, OwedInConversation], of: Any
) -> defaultdict[int, timedelta]:
    """Return the median of the times that ``of`` returns for each queue's items, by queue."""
    times: dict[int, list[float]] = {}
    for one in found:
        time = of(one, about.get(one.interaction_id))
        if time is not None:
            times.setdefault(one.queue_id, []).append(time.total_seconds())
    usual = {key: timedelta(seconds=median(many)) for key, many in times.items()}
    return defaultdict(timedelta, usual)


_NOTHING = timedelta()


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
