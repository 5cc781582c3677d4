"""Reads the stored history of a conversation and computes its moments for the timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.conversations.moments import Moment, moments
from handoff_service.rules.conversations.past import (
    Past,
    PastEntry,
    TimerRule,
    TimerThen,
    UnderstoodThen,
)
from handoff_service.rules.messaging_actions.target_timers import PARKED, waits_for_target
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import (
    CLOSED,
    Author,
    Event,
    Kind,
    Owner,
    State,
    Unanswered,
)
from handoff_service.store.engine import tables as t
from handoff_service.store.messaging_actions import messaging_actions
from handoff_service.store.routing import queue_hours, routing_history

CONTEXT = 200  # earlier messages that are read to find the state at the beginning of a page
LAST = 200  # messages on one page
MAX_TURNS = 500
i, m, b, p = t.interactions, t.messages, t.bot_turns, t.provider_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentsPage:
    """A page of a conversation's moments. ``earlier`` and ``later``: the last seq of the previous
    and the next page; None if there is no such page."""

    moments: list[Moment]
    earlier: int | None
    later: int | None


_SIDES = {
    Unanswered.REQUESTER_MESSAGE: Author.REQUESTER,
    Unanswered.AGENT_MESSAGE: Author.AGENT,
}


def moments_page(conn: Connection, interaction_id: int, up_to: int | None = None) -> MomentsPage:
    """Return the page of moments that ends with the message ``up_to``; None: with the newest
    message. Raises NotFound for an unknown conversation."""
    last = conn.execute(select(i.c.last_seq).where(i.c.id == interaction_id)).scalar() or 0
    end = last if up_to is None else min(up_to, last)
    after = max(end - LAST, 0)
    found, _ = of_conversation(conn, interaction_id, after=after, most=end - after)
    return MomentsPage(
        moments=found,
        earlier=after or None,
        later=min(end + LAST, last) if end < last else None,
    )


def of_conversation(
    conn: Connection, interaction_id: int, *, after: int, most: int
) -> tuple[list[Moment], int | None]:
    """Return the moments of up to ``most`` messages after ``after``, oldest first, and the seq of
    the last of these messages. The seq is None if there are no more messages. Raises NotFound for
    an unknown conversation.
    """
    conversation = conn.execute(
        select(*i.c["queue_id", "state"], p.c.number)
        .join(p, p.c.id == i.c.provider_number_id)
        .where(i.c.id == interaction_id)
    ).one_or_none()
    if conversation is None:
        raise NotFound(phrase("There is no conversation {id}.", id=interaction_id))
    # read one more message, which shows where the next page begins
    read = _lines(conn, interaction_id, after - CONTEXT, after + most + 1)
    context = [line for line in read if line.seq <= after]
    lines = [line for line in read if after < line.seq <= after + most]
    rest = read[len(context) + len(lines) :]
    begin = lines[0].at if lines and after else None
    end = rest[0].at if rest else None
    routing = routing_history.of_conversation(conn, interaction_id)
    past = Past(
        context=context,
        lines=lines,
        waits=routing.waits,
        decisions=routing.decisions,
        offers=routing.offers,
        turns=_turns(conn, interaction_id, begin, end),
        timers=_timers(conn, conversation.number, conversation.queue_id),
        running=None if rest else _running(conn, interaction_id),
        begin=begin,
        end=end,
        closed_as=State(conversation.state)
        if conversation.state in CLOSED
        else State.CLOSED_COMPLETE,
    )
    return moments(past), lines[-1].seq if rest else None


def _lines(conn: Connection, interaction_id: int, after: int, up_to: int) -> list[PastEntry]:
    columns = ("seq", "created_at", "kind", "author", "body", "event", "reason", "owner", "epoch")
    rows = conn.execute(
        select(*m.c[columns], t.agents.c.name.label("by"))
        .outerjoin(t.agents, t.agents.c.id == m.c.agent_id)
        .where(m.c.interaction_id == interaction_id, m.c.seq > after, m.c.seq <= up_to)
        .order_by(m.c.seq)
    )
    return [
        PastEntry(
            seq=r.seq,
            at=r.created_at,
            kind=Kind(r.kind),
            author=Author(r.author),
            by=r.by,
            body=r.body,
            event=Event(r.event) if r.event else None,
            reason=r.reason,
            owner=Owner(r.owner),
            epoch=r.epoch,
        )
        for r in rows
    ]


def _turns(
    conn: Connection, interaction_id: int, begin: datetime | None, end: datetime | None
) -> list[UnderstoodThen]:
    query = select(b.c.answered_at, b.c.understood).where(
        b.c.interaction_id == interaction_id,
        b.c.answered_at.is_not(None),
        b.c.opening.is_(None),
        *([b.c.answered_at < end] if end else []),
    )
    rows = conn.execute(query.order_by(b.c.id.desc()).limit(MAX_TURNS)).all()
    return [_understood(r.answered_at, r.understood or {}) for r in reversed(rows)]


def _understood(at: datetime, report: dict[str, Any]) -> UnderstoodThen:
    return UnderstoodThen(
        at=at,
        intent=report.get("intent"),
        confidence=report.get("confidence"),
        did=list(report.get("did", ())),
        collected=dict(report.get("collected", {})),
    )


def _timers(conn: Connection, number: str, queue_id: int | None) -> Sequence[TimerRule]:
    """Return the active messaging actions on this provider number, except those that wait for a
    target."""
    stored = [one.action for one in messaging_actions.list_(conn).values()]
    here = [
        one
        for one in stored
        if one.active
        and (not one.provider_numbers or number in one.provider_numbers)
        and not waits_for_target(one.conditions)
    ]
    counts = any(one.business_hours for one in here) and queue_id is not None
    hours = queue_hours.of_queues(conn, [queue_id] if counts and queue_id else [])

    def rule(name: str, side: Author, duration: timedelta, *, business_hours: bool) -> TimerRule:
        schedule = hours.get(queue_id or 0) if business_hours else None

        def due(at: datetime) -> datetime | None:
            return schedule.after(at, duration) if schedule else at + duration

        return TimerRule(action=name, starts_with=side, due=due)

    return [
        rule(one.name, _SIDES[one.event], one.duration, business_hours=one.business_hours)
        for one in here
    ]


def _running(conn: Connection, interaction_id: int) -> list[TimerThen]:
    s, acts = t.timers, t.messaging_actions
    rows = conn.execute(
        select(acts.c.name, s.c.due_at)
        .join(acts, acts.c.id == s.c.action_id)
        .where(s.c.interaction_id == interaction_id, s.c.due_at < PARKED)
        .order_by(s.c.due_at, sa.asc(s.c.id))
    )
    return [TimerThen(action=r.name, due_at=r.due_at) for r in rows]
