"""Update the running targets of conversations: their starts, due times, holds, and the timers that
wait for them.

Each transaction that adds a line to a conversation calls ``refresh_targets`` at its end, once for
all changed conversations, so pages never show an outdated due time. On a desk without targets, this
takes one query per transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.messaging_actions.target_timers import (
    PARKED,
    fires_at,
    waits_for_target,
)
from handoff_service.rules.routing.targets import HeldTime, due_moment, minutes_of, moment
from handoff_service.rules.shared import conditions
from handoff_service.rules.shared.conditions import Match
from handoff_service.rules.shared.vocabulary import TargetKind
from handoff_service.store.conversations import target_facts
from handoff_service.store.conversations.target_facts import TargetStarts, TargetState
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import insert_rows, update_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import timers
from handoff_service.store.routing import queue_hours

r, h, s, a = t.running_targets, t.holds, t.timers, t.messaging_actions
# Built once, because building a statement takes longer than running it.
_STORED = select(r).where(one_of(r.c.interaction_id, "ids"))
_TIMERS = (
    select(
        *s.c["id", "interaction_id", "started_at", "due_at"],
        *a.c["seconds", "business_hours", "conditions", "match"],
    )
    .join(a, a.c.id == s.c.action_id)
    .where(one_of(s.c.interaction_id, "ids"))
)
_ALWAYS = Schedule(None, "UTC")

type Key = tuple[int, str]  # conversation, kind


@dataclass(frozen=True, slots=True)
class _Clock:
    """How time counts for the targets of one conversation. ``hours``: its queue's opening hours.
    ``holds``: the times when it was on hold."""

    hours: Schedule
    holds: Sequence[HeldTime]
    #: kind -> columns of the conversation's running target
    rows: Mapping[TargetKind, Mapping[str, Any]]

    def left_at(self, kind: TargetKind, minutes_left: int) -> datetime | None:
        """The time at which a target has this many minutes left. None: the target is not running,
        or the time is not known."""
        row = self.rows.get(kind)
        if row is None:
            return None
        passed = timedelta(minutes=row["minutes"] - minutes_left)
        return moment(row["started_at"], passed, self.holds, self.hours)


def refresh_targets(tx: Transaction, ids: Collection[int]) -> None:
    """Update the targets of these locked conversations."""
    found = target_facts.states(tx.conn, ids)
    if not found:
        return
    _write_holds(tx, found)
    counted = [one for one in found if one.has_targets]
    stored = _stored(tx, [one.id for one in found if one.has_targets or one.has_rows])
    clocks = _clocks(tx, counted)
    made = {
        (one.id, str(kind)): row for one in counted for kind, row in clocks[one.id].rows.items()
    }
    changed = {key[0] for key in made.keys() | stored.keys() if made.get(key) != stored.get(key)}
    _write(tx, stored, made)
    _move_timers(
        tx, {one.id: one for one in found if one.id in changed | clocks.keys()}, clocks, changed
    )


def _write_holds(tx: Transaction, found: Sequence[TargetState]) -> None:
    began = [one.id for one in found if one.is_on_hold and one.hold_id is None]
    ended = [one.hold_id for one in found if one.hold_id is not None and not one.is_on_hold]
    if began:
        tx.conn.execute(insert(h), [{"interaction_id": one, "began_at": tx.now} for one in began])
    if ended:
        tx.conn.execute(update(h).where(one_of(h.c.id, ended)).values(ended_at=tx.now))


def _stored(tx: Transaction, ids: Collection[int]) -> dict[Key, dict[str, Any]]:
    if not ids:
        return {}
    rows = tx.conn.execute(_STORED, {"ids": list(ids)})
    return {(row.interaction_id, row.kind): dict(row._mapping) for row in rows}


def _clocks(tx: Transaction, counted: Sequence[TargetState]) -> dict[int, _Clock]:
    if not counted:
        return {}
    ids = [one.id for one in counted]
    starts, holds = target_facts.starts(tx.conn, ids), target_facts.holds(tx.conn, ids)
    queues = {one.queue_id for one in counted if one.queue_id is not None}
    hours = queue_hours.of_queues(tx.conn, queues)
    return {
        one.id: _clock(
            one, starts[one.id], holds.get(one.id, []), hours.get(one.queue_id or 0, _ALWAYS)
        )
        for one in counted
    }


def _clock(
    one: TargetState, starts: TargetStarts, holds: Sequence[HeldTime], hours: Schedule
) -> _Clock:
    response = TargetKind.NEXT_RESPONSE if starts.is_answered else TargetKind.FIRST_RESPONSE
    since = {
        response: starts.owed_since if one.is_owed else None,
        TargetKind.RESOLUTION: starts.needed_since,
    }
    rows = {}
    for kind, started_at in since.items():
        minutes = minutes_of(one.targets, one.priority, kind)
        if started_at is not None and minutes is not None:
            due = due_moment(started_at, minutes, holds, hours)
            rows[kind] = {
                "interaction_id": one.id,
                "kind": str(kind),
                "started_at": started_at,
                "minutes": minutes,
                "due_at": due.due_at,
                "soon_at": due.soon_at,
                "left_seconds": int(due.left.total_seconds()) if due.left is not None else None,
            }
    return _Clock(hours, holds, rows)


def _write(
    tx: Transaction, stored: Mapping[Key, Mapping[str, Any]], made: Mapping[Key, Mapping[str, Any]]
) -> None:
    gone = [key for key, row in stored.items() if made.get(key) != row]
    for kind in sorted({kind for _, kind in gone}):
        ids = [one for one, of in gone if of == kind]
        tx.conn.execute(delete(r).where(r.c.kind == kind, one_of(r.c.interaction_id, ids)))
    insert_rows(tx.conn, r, [row for key, row in made.items() if stored.get(key) != row])


def _move_timers(
    tx: Transaction,
    found: Mapping[int, TargetState],
    clocks: Mapping[int, _Clock],
    changed: Collection[int],
) -> None:
    """Reschedule the timers that wait for a target. A postponed timer keeps its time until its
    target changes."""
    if not found:
        return
    rows = tx.conn.execute(_TIMERS, {"ids": list(found)}).all()
    moved = []
    for row in rows:
        written = conditions.stored(row.conditions)
        if not waits_for_target(written):
            continue
        if row.interaction_id in changed or row.due_at == PARKED:
            due_at = _fires_at(row, written, clocks.get(row.interaction_id))
            if due_at != row.due_at:
                moved.append({"id": row.id, "due_at": due_at})
    if moved:
        update_rows(tx.conn, s, moved)
        of = {row.id: row.interaction_id for row in rows}
        lines = {of[one["id"]]: found[of[one["id"]]].line for one in moved}
        timers.wait_for_next(tx, lines)


def _fires_at(row: Any, written: Sequence[conditions.Condition], clock: _Clock | None) -> datetime:
    if clock is None:
        return PARKED
    duration = timedelta(seconds=row.seconds)
    earliest = (
        clock.hours.after(row.started_at, duration)
        if row.business_hours
        else row.started_at + duration
    )
    if earliest is None:
        return PARKED
    return fires_at(written, Match(row.match), earliest, clock.left_at)
