"""The messaging actions that admins have saved."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.messaging_actions.action_words import describe, words_for_agent
from handoff_service.rules.messaging_actions.messaging_actions import MessagingAction
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.conditions import Condition, Match, Operator
from handoff_service.rules.shared.local_dates import time_in_zone
from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.rules.shared.vocabulary import Action, State, Unanswered
from handoff_service.store.consent import consents
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.messaging_actions import timers
from handoff_service.store.views import ConditionLine, Named, RunningTimer, SavedAction

a, q, n = t.messaging_actions, t.messaging_action_queues, t.messaging_action_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAction:
    """An action with its id and place in the admin's order."""

    id: int
    position: int
    action: MessagingAction


def list_(conn: Connection, ids: Collection[int] | None = None) -> dict[int, StoredAction]:
    """Return actions by id, in the admin's order. ``ids``: None for all. This always takes three
    queries."""
    query = select(a).order_by(a.c.position, a.c.id)
    rows = conn.execute(query if ids is None else query.where(one_of(a.c.id, ids))).all()
    found = [r.id for r in rows]
    queues = _limits(
        conn, select(q.c.action_id, t.queues.c.name).join(t.queues), q.c.action_id, found
    )
    numbers = _limits(
        conn,
        select(n.c.action_id, t.provider_numbers.c.number).join(t.provider_numbers),
        n.c.action_id,
        found,
    )
    return {
        r.id: StoredAction(
            id=r.id,
            position=r.position,
            action=MessagingAction(
                name=r.name,
                event=Unanswered(r.event),
                duration=timedelta(seconds=r.seconds),
                action=Action(r.action),
                conditions=tuple(_condition(**c) for c in r.conditions),
                match=Match(r.match),
                text=r.text,
                state=State(r.state) if r.state else None,
                business_hours=r.business_hours,
                queues=queues.get(r.id, ()),
                provider_numbers=numbers.get(r.id, ()),
                active=r.active,
            ),
        )
        for r in rows
    }


def get(conn: Connection, action_id: int) -> StoredAction:
    """Return this action. Raises NotFound for an unknown id."""
    found = list_(conn, [action_id])
    if not found:
        raise NotFound(phrase("There is no messaging action {id}.", id=action_id))
    return found[action_id]


def view_of(stored: StoredAction) -> SavedAction:
    """Convert an action for display."""
    action = stored.action
    return SavedAction(
        id=stored.id,
        name=action.name,
        event=action.event,
        duration=durations.write(action.duration),
        conditions=[
            ConditionLine(field=c.field, operator=c.operator, value=c.value)
            for c in action.conditions
        ],
        match=action.match,
        action=action.action,
        text=action.text,
        state=action.state,
        business_hours=action.business_hours,
        queues=list(action.queues),
        provider_numbers=list(action.provider_numbers),
        active=action.active,
        position=stored.position,
        will=describe(action),
    )


def running(conn: Connection, interaction_id: int) -> list[RunningTimer]:
    """Return an interaction's running timers for display, first due first. If the requester has
    opted out, leave out actions that would do nothing.
    """
    found = timers.running(conn, interaction_id)
    stored = list_(conn, {timer.action_id for timer in found})
    zone = ZoneInfo(desk_time_zone(conn))
    listed = [_running(timer, stored[timer.action_id].action, zone) for timer in found]
    if not any(stored[timer.action_id].action.needs_consent for timer in found):
        return listed
    if not consents.opted_out_of(conn, [interaction_id]):
        return listed
    return [one for one in listed if not stored[one.action.id].action.needs_consent]


def _running(timer: timers.Timer, action: MessagingAction, zone: ZoneInfo) -> RunningTimer:
    at, after = timer.due_at.astimezone(zone), durations.describe(timer.due_at - timer.started_at)
    when = (
        phrase("{time}: {after} after the requester's first message without a response")
        if action.event is Unanswered.REQUESTER_MESSAGE
        else phrase("{time}: {after} after the agent's first message without a response")
    )
    return RunningTimer(
        id=timer.id,
        interaction_id=timer.interaction_id,
        action=Named(id=timer.action_id, name=action.name),
        does=action.action,
        event=action.event,
        started_at=timer.started_at,
        due_at=timer.due_at,
        will=words_for_agent(action),
        when=filled(when, time=time_in_zone(at), after=after),
    )


def _condition(field: str, operator: str, value: str | int | bool) -> Condition:
    return Condition(field=field, operator=Operator(operator), value=value)


def _limits(
    conn: Connection, query: sa.Select[int, str], key: sa.ColumnElement[int], ids: Collection[int]
) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for action_id, name in conn.execute(
        query.where(one_of(key, ids)).order_by(sa.literal_column("2"))
    ):
        found[action_id] = (*found.get(action_id, ()), name)
    return found
