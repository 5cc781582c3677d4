"""An admin creates, changes or deletes a messaging action.

Running timers keep their due time, and use the action's current settings when they fire. The timers
of an action are canceled when the action is deleted, is switched off or gets another event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, delete, func, insert, select, update

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.messaging_actions import attribute_conditions
from handoff_service.rules.messaging_actions.messaging_actions import MessagingAction, errors
from handoff_service.rules.shared import conditions
from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.store.desk import attributes
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import update_rows
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import messaging_actions

a = t.messaging_actions


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeMessagingAction:
    """``position``: its place in the order of actions; None: last."""

    action: MessagingAction
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMessagingAction:
    """``values``: the fields of MessagingAction to change. Other fields keep their values.
    ``position`` None: the action keeps its place."""

    id: int
    values: Mapping[str, Any]
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Move one place up or down among the actions of the same event."""

    id: int
    up: bool


def make_messaging_action(tx: Transaction, command: MakeMessagingAction) -> int:
    """Create a messaging action and return its id. Raises BadInput with the wrong fields. Raises
    Conflict for a name in use."""
    action = fitting(tx.conn, checked(command.action))
    _name_is_free(tx, action.name)
    position = command.position
    if position is None:
        position = (tx.conn.execute(select(func.max(a.c.position))).scalar() or 0) + 1
    row = _row(action, position)
    action_id = tx.conn.execute(insert(a).values(**row).returning(a.c.id)).scalar_one()
    _limit(tx, action_id, action)
    created(tx, Noun.MESSAGING_ACTION, action_id)
    return action_id


def change_messaging_action(tx: Transaction, command: ChangeMessagingAction) -> None:
    """Change a messaging action. Raises NotFound for an unknown id, and the same errors as
    ``make_messaging_action``."""
    stored = messaging_actions.get(tx.conn, command.id)
    changed = fitting(tx.conn, checked(with_values(stored.action, command.values)))
    if changed.name != stored.action.name:
        _name_is_free(tx, changed.name)
    _save(tx, stored, changed, stored.position if command.position is None else command.position)


def move_messaging_action(tx: Transaction, command: Move) -> None:
    """Move an action one place among the actions of its event. The first action cannot move up, and
    the last one cannot move down; nothing changes then. Raises NotFound."""
    moved = messaging_actions.get(tx.conn, command.id)
    order = list(messaging_actions.list_(tx.conn).values())
    same = [one.id for one in order if one.action.event is moved.action.event]
    beside = same.index(moved.id) + (-1 if command.up else 1)
    if 0 <= beside < len(same):
        ids = [one.id for one in order]
        here, there = ids.index(moved.id), ids.index(same[beside])
        ids[here], ids[there] = ids[there], ids[here]
        update_rows(
            tx.conn, a, [{"id": one, "position": place} for place, one in enumerate(ids, start=1)]
        )


def put_messaging_action(tx: Transaction, action: MessagingAction, position: int) -> None:
    """Create the action with this name, or update it to match. The caller has checked it."""
    found = tx.conn.execute(select(a.c.id).where(a.c.name == action.name)).scalar()
    if found is None:
        make_messaging_action(tx, MakeMessagingAction(action=action, position=position))
    else:
        _save(tx, messaging_actions.get(tx.conn, found), fitting(tx.conn, action), position)


def delete_messaging_action(tx: Transaction, action_id: int) -> None:
    """Delete the action and cancel its running timers. Raises NotFound."""
    messaging_actions.get(tx.conn, action_id)
    with deletes(tx, Noun.MESSAGING_ACTION, action_id):
        tx.conn.execute(delete(a).where(a.c.id == action_id))


def checked(action: MessagingAction) -> MessagingAction:
    """Return the action if it can be saved. Raises BadInput with the wrong fields."""
    found = errors(action)
    if found:
        raise BadInput("; ".join(f"{name}: {what}" for name, what in found.items()), errors=found)
    return action


def fitting(conn: Connection, action: MessagingAction) -> MessagingAction:
    """Return the action with the attribute values of its conditions in stored form. Raises BadInput
    for a condition that does not fit its attribute, and for a text that names an unknown attribute.
    """
    if not action.uses_attributes:
        return action
    defined = attributes.by_field(conn)
    if wrong := errors(action, defined):
        raise BadInput(errors=wrong)
    try:
        fit = [attribute_conditions.fitting(one, defined) for one in action.conditions]
    except ValueError as error:
        raise BadInput(errors={"conditions": str(error)}) from error
    return replace(action, conditions=tuple(fit))


def with_values(action: MessagingAction, values: Mapping[str, Any]) -> MessagingAction:
    """The action with these fields replaced."""
    there = {name: getattr(action, name) for name in MessagingAction.__dataclass_fields__}
    return MessagingAction(**{**there, **values})


def _save(
    tx: Transaction, stored: messaging_actions.StoredAction, action: MessagingAction, position: int
) -> None:
    with recorded(tx, Noun.MESSAGING_ACTION, stored.id):
        tx.conn.execute(update(a).where(a.c.id == stored.id).values(**_row(action, position)))
        _limit(tx, stored.id, action)
    if not action.active or action.event is not stored.action.event:
        tx.conn.execute(delete(t.timers).where(t.timers.c.action_id == stored.id))


def _row(action: MessagingAction, position: int) -> dict[str, Any]:
    return {
        "name": action.name,
        "event": action.event,
        "seconds": round(action.duration.total_seconds()),
        "conditions": [conditions.written(c) for c in action.conditions],
        "match": action.match,
        "action": action.action,
        "text": action.text,
        "state": action.state,
        "business_hours": action.business_hours,
        "position": position,
        "active": action.active,
    }


def _name_is_free(tx: Transaction, name: str) -> None:
    if tx.conn.execute(select(a.c.id).where(a.c.name == name)).scalar() is not None:
        sentence = phrase(
            "A messaging action named “{name}” already exists. Choose another name.", name=name
        )
        raise Conflict.at("name", sentence)


def _limit(tx: Transaction, action_id: int, action: MessagingAction) -> None:
    """Limit the stored action to exactly its queues and provider numbers."""
    q, p = t.queues, t.provider_numbers
    queues = _ids(
        tx, q.c.id, q.c.name, action.queues, "queues", phrase("there is no queue “{name}”")
    )
    numbers = _ids(
        tx,
        p.c.id,
        p.c.number,
        action.provider_numbers,
        "provider_numbers",
        phrase("there is no company number “{name}”"),
    )
    for table, column, ids in (
        (t.messaging_action_queues, "queue_id", queues),
        (t.messaging_action_numbers, "provider_number_id", numbers),
    ):
        tx.conn.execute(delete(table).where(table.c.action_id == action_id))
        if ids:
            tx.conn.execute(insert(table), [{"action_id": action_id, column: one} for one in ids])


def _ids(
    tx: Transaction,
    key: sa.Column[int],
    name: sa.Column[str],
    wanted: Sequence[str],
    field: str,
    lacks: str,
) -> list[int]:
    found = {r[1]: r[0] for r in tx.conn.execute(select(key, name).where(name.in_(wanted)))}
    missing = [one for one in wanted if one not in found]
    if missing:
        raise BadInput(errors={field: filled(lacks, name=missing[0])})
    return [found[one] for one in dict.fromkeys(wanted)]
