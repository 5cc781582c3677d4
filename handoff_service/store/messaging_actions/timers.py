"""Running timers of messaging actions. Each timer has one row. Each interaction also has one row in
``due_work`` for its first timer that is not parked (rules/messaging_actions/target_timers.py).

Timers belong to an interaction's open unanswered streak (``unanswered``). When a message starts or
ends the streak, the same transaction starts or cancels the timers, under the interaction's lock.
When a timer has fired or an agent has canceled it, its row is deleted. So each action fires at most
once per streak.

A timer that counts business hours gets its due time when it starts, from the current schedule of
the interaction's queue. Later changes of the schedule or the queue do not move it. If the queue
does not open for long enough within a year, no timer starts.
"""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, delete, func, select

from handoff_service.errors import NotFound
from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.messaging_actions.target_timers import PARKED, waits_for_target
from handoff_service.rules.shared import conditions
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Unanswered, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import insert_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import queue_hours

a, limits = t.messaging_actions, t.messaging_action_numbers
ALWAYS = Schedule(None, "UTC")


@dataclass(frozen=True, slots=True)
class ArmedAction:
    """A messaging action that starts a timer for a message."""

    action_id: int
    duration: timedelta
    business_hours: bool
    waits_for_target: bool = False


@dataclass(frozen=True, slots=True)
class UnansweredStreak:
    """A streak of unanswered messages that starts now. ``ends_another``: whether the other side's
    streak was open until now."""

    interaction_id: int
    line: str
    queue_id: int | None
    ends_another: bool
    arms: Sequence[ArmedAction]


ARMED_COLUMNS = (a.c.id.label("action_id"), a.c.seconds, a.c.business_hours, a.c.conditions)


def is_armed(event: Unanswered) -> sa.ColumnElement[bool]:
    """Build a join condition: the action is active, has this event and applies to the provider
    number."""
    numbers = (
        select(limits.c.provider_number_id)
        .where(limits.c.action_id == a.c.id)
        .correlate(a, t.provider_numbers)
    )
    here = numbers.where(limits.c.provider_number_id == t.provider_numbers.c.id)
    return sa.and_(a.c.active, a.c.event == event, sa.or_(~numbers.exists(), here.exists()))


_ARMED_BY = {
    event: select(*ARMED_COLUMNS)
    .select_from(t.provider_numbers.join(a, is_armed(event)))
    .where(t.provider_numbers.c.id == bindparam("number"))
    for event in Unanswered
}


def armed_actions(
    conn: Connection, event: Unanswered, provider_number_id: int
) -> list[ArmedAction]:
    """Return the actions that start a timer for a streak on this provider number."""
    found = conn.execute(_ARMED_BY[event], {"number": provider_number_id})
    return [armed_action(r) for r in found]


def armed_action(row: Any) -> ArmedAction:
    """Convert a row with the columns in ``ARMED_COLUMNS``."""
    return ArmedAction(
        row.action_id,
        timedelta(seconds=row.seconds),
        row.business_hours,
        waits_for_target(conditions.stored(row.conditions)) if row.conditions else False,
    )


def begin(tx: Transaction, streaks: Sequence[UnansweredStreak]) -> list[due_work.Due]:
    """Start these streaks and end the other side's. Return work that the caller must schedule."""
    moments = _moments(tx, streaks)
    first = {key: min(at for _, at in times) for key, times in moments.items()}
    scheduled = {key: at for key, at in first.items() if at != PARKED}
    ended = [streak for streak in streaks if streak.ends_another]
    if ended:
        _delete(tx, [streak.interaction_id for streak in ended])
        due_work.cancel(
            tx,
            Work.TIMER,
            [streak.interaction_id for streak in ended if streak.interaction_id not in scheduled],
        )
    rows = [
        {
            "interaction_id": interaction_id,
            "action_id": action_id,
            "started_at": tx.now,
            "due_at": at,
        }
        for interaction_id, times in moments.items()
        for action_id, at in times
    ]
    insert_rows(tx.conn, t.timers, rows)
    lines = {streak.interaction_id: streak.line for streak in streaks}
    return [_work(key, lines[key], at) for key, at in scheduled.items()]


def _moments(
    tx: Transaction, streaks: Sequence[UnansweredStreak]
) -> dict[int, list[tuple[int, datetime]]]:
    """Return each interaction's actions that start a timer, with due times. Interactions without
    timers are left out. One query reads the schedules, only if an action counts business hours.
    """
    counting = {
        streak.queue_id
        for streak in streaks
        if streak.queue_id and any(one.business_hours for one in streak.arms)
    }
    known = queue_hours.of_queues(tx.conn, counting)

    @functools.cache  # many streaks in a batch have the same queue
    def opened(queue_id: int | None, duration: timedelta) -> datetime | None:
        return known.get(queue_id or 0, ALWAYS).after(tx.now, duration)

    found: dict[int, list[tuple[int, datetime]]] = {}
    for streak in streaks:
        for one in streak.arms:
            at = (
                opened(streak.queue_id, one.duration)
                if one.business_hours
                else tx.now + one.duration
            )
            if one.waits_for_target:
                at = PARKED  # until operations/shared/refresh_targets.py sets its due time
            if at is not None:
                found.setdefault(streak.interaction_id, []).append((one.action_id, at))
    return found


def cancel(tx: Transaction, interaction_ids: Collection[int]) -> None:
    """Delete all timers of these closed interactions, and cancel their work."""
    _delete(tx, interaction_ids)
    due_work.cancel(tx, Work.TIMER, interaction_ids)


def wait_for_next(tx: Transaction, lines: Mapping[int, str]) -> None:
    """Schedule the first remaining timer of each interaction, after its timers have changed or
    fired. ``lines``: lines by interaction id."""
    due_work.cancel(tx, Work.TIMER, lines)
    rows = tx.conn.execute(
        select(t.timers.c.interaction_id, func.min(t.timers.c.due_at, type_=t.timers.c.due_at.type))
        .where(one_of(t.timers.c.interaction_id, lines), t.timers.c.due_at < PARKED)
        .group_by(t.timers.c.interaction_id)
    )
    due_work.schedule(tx, [_work(r[0], lines[r[0]], r[1]) for r in rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """One running timer."""

    id: int
    interaction_id: int
    action_id: int
    started_at: datetime
    due_at: datetime


def due_now(tx: Transaction, interaction_ids: Collection[int]) -> list[Timer]:
    """Return the due timers of these interactions."""
    s = t.timers
    rows = tx.conn.execute(
        select(s).where(one_of(s.c.interaction_id, interaction_ids), s.c.due_at <= tx.now)
    )
    return [Timer(**r._mapping) for r in rows]


def running(conn: Connection, interaction_id: int) -> list[Timer]:
    """Return an interaction's timers that are not parked, first due first."""
    s = t.timers
    rows = conn.execute(
        select(s)
        .where(s.c.interaction_id == interaction_id, s.c.due_at < PARKED)
        .order_by(s.c.due_at, s.c.id)
    )
    return [Timer(**r._mapping) for r in rows]


def one(conn: Connection, interaction_id: int, timer_id: int) -> Timer:
    """Return a running timer of this interaction. Raises NotFound if it has fired, was canceled, or
    never existed."""
    found = next((timer for timer in running(conn, interaction_id) if timer.id == timer_id), None)
    if found is None:
        raise NotFound(
            phrase("The timer {timer_id} no longer runs. Reload the page.", timer_id=timer_id)
        )
    return found


def take(tx: Transaction, found: Collection[Timer]) -> None:
    """Stop these timers."""
    tx.conn.execute(delete(t.timers).where(one_of(t.timers.c.id, [timer.id for timer in found])))


def _delete(tx: Transaction, interaction_ids: Collection[int]) -> None:
    tx.conn.execute(delete(t.timers).where(one_of(t.timers.c.interaction_id, interaction_ids)))


def _work(interaction_id: int, line: str, at: datetime) -> due_work.Due:
    return due_work.Due(kind=Work.TIMER, key=str(interaction_id), line=line, due_at=at)
