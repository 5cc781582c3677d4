"""An admin changes the desk's settings, its presence states and its reject reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, delete, func, insert, select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.desk.check_admin_sign_in import check_sign_in
from handoff_service.operations.routing.queues import check_schedules
from handoff_service.operations.routing.refresh_queue_targets import refresh_queue_targets
from handoff_service.operations.shared.record_changes import ONLY, created, deletes, recorded
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.store.desk import desk
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import queues

TAKEN = {
    Noun.PRESENCE_STATE: phrase("The presence state “{name}” already exists. Choose another."),
    Noun.REJECT_REASON: phrase("The reason “{name}” already exists. Choose another."),
}
MISSING = {
    Noun.PRESENCE_STATE: phrase("There is no presence state {id}."),
    Noun.REJECT_REASON: phrase("There is no reason {id}."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PutPresence:
    """``id`` None: create a state at the end of the list. ``takes_work``: whether agents in this
    state get offers."""

    name: str
    takes_work: bool
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutReason:
    """``id`` None: create a reason at the end of the list. ``again``: whether the conversation may
    be offered to the agent again after a rejection for this reason."""

    words: str
    again: bool
    id: int | None = None


def change_desk(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Change the desk's settings. ``values``: the fields of ``DeskEntry`` to change. Other fields
    keep their values. Raises BadInput for a country without the public holidays that a queue's
    schedule needs. Raises Conflict when turning passwords off could lock everybody out."""
    put_desk(tx, values)
    check_schedules(tx)
    if values.get("password_off_roles"):
        check_sign_in(tx)
    if {"time_zone", "country"} & values.keys():
        refresh_queue_targets(tx, list(queues.list_(tx.conn)))
    schedule_offers(tx)


def put_desk(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Like ``change_desk``, without checks. The first change creates the desk."""
    if desk.desk(tx.conn) is None:
        made = {
            "name": "Patchboard",
            "country": "US",
            "time_zone": "UTC",
            "reassign_when_away": False,
        }
        tx.conn.execute(insert(t.desk).values(id=1, **made | dict(values)))
        created(tx, Noun.DESK, ONLY)
    elif values:
        with recorded(tx, Noun.DESK, ONLY):
            tx.conn.execute(update(t.desk).values(**values))


def put_presence_state(tx: Transaction, command: PutPresence) -> None:
    """Create or change a presence state. Agents in a renamed state stay in it. Raises NotFound for
    an unknown id, and Conflict for a name in use."""
    p, before = t.presence_states, None
    if command.id is not None:
        before = tx.conn.execute(select(p.c.name).where(p.c.id == command.id)).scalar()
    _put(
        tx,
        p,
        command.id,
        p.c.name,
        {"name": command.name, "takes_work": command.takes_work},
        Noun.PRESENCE_STATE,
    )
    if before is not None and before != command.name:
        tx.conn.execute(
            update(t.agents).where(t.agents.c.presence == before).values(presence=command.name)
        )
    schedule_offers(tx)


def delete_presence_state(tx: Transaction, state_id: int) -> None:
    """Delete a presence state. Raises NotFound for an unknown id, and Conflict while an agent is in
    this state."""
    p = t.presence_states
    _one(tx, p.c.id, p.c.name, state_id, Noun.PRESENCE_STATE)
    if found := presence_blockers(tx.conn, state_id):
        raise Conflict(found[0].sentence)
    with deletes(tx, Noun.PRESENCE_STATE, state_id):
        tx.conn.execute(delete(p).where(p.c.id == state_id))


def presence_blockers(conn: Connection, state_id: int) -> list[Blocker]:
    """The agents who are in a presence state, which prevents deleting it."""
    p, a = t.presence_states, t.agents
    query = select(a.c.id, a.c.name, a.c.presence).join(p, p.c.name == a.c.presence)
    return [
        Blocker(
            sentence=phrase(
                "{name} has the presence “{presence}” right now. Delete it when no agent uses it.",
                name=row.name,
                presence=row.presence,
            ),
            noun=Noun.AGENT,
            id=row.id,
            name=row.name,
        )
        for row in conn.execute(query.where(p.c.id == state_id).order_by(a.c.name))
    ]


def reason_blockers(conn: Connection, _reason_id: int) -> list[Blocker]:
    """The last reason cannot be deleted, because a rejection needs one."""
    if conn.execute(select(func.count()).select_from(t.reject_reasons)).scalar() != 1:
        return []
    return [
        Blocker(sentence=phrase("This is the last reason. Add another first, or edit this one."))
    ]


def put_reject_reason(tx: Transaction, command: PutReason) -> None:
    """Create or change a reject reason. Offers that were rejected for it keep the old wording.
    Raises NotFound for an unknown id, and Conflict for a reason that exists."""
    r = t.reject_reasons
    values = {"words": command.words, "again": command.again}
    _put(tx, r, command.id, r.c.words, values, Noun.REJECT_REASON)


def delete_reject_reason(tx: Transaction, reason_id: int) -> None:
    """Delete a reject reason. Raises NotFound for an unknown id, and Conflict for the last
    reason, because a rejection needs one."""
    r = t.reject_reasons
    _one(tx, r.c.id, r.c.words, reason_id, Noun.REJECT_REASON)
    if found := reason_blockers(tx.conn, reason_id):
        raise Conflict(found[0].sentence)
    with deletes(tx, Noun.REJECT_REASON, reason_id):
        tx.conn.execute(delete(r).where(r.c.id == reason_id))


def _put(
    tx: Transaction,
    table: sa.Table,
    row_id: int | None,
    key: sa.Column[str],
    values: dict[str, Any],
    noun: Noun,
) -> None:
    taken = tx.conn.execute(select(table.c.id).where(key == values[key.name])).scalar()
    if taken not in (None, row_id):
        raise Conflict.at(key.name, filled(TAKEN[noun], name=values[key.name]))
    if row_id is None:
        last = tx.conn.execute(select(func.max(table.c.position))).scalar() or 0
        made = insert(table).values(**values, position=last + 1).returning(table.c.id)
        created(tx, noun, tx.conn.execute(made).scalar_one())
    else:
        _one(tx, table.c.id, key, row_id, noun)
        with recorded(tx, noun, row_id):
            tx.conn.execute(update(table).where(table.c.id == row_id).values(**values))


def _one(
    tx: Transaction, key: sa.Column[int], name: sa.Column[str], row_id: int, noun: Noun
) -> str:
    found = tx.conn.execute(select(name).where(key == row_id)).scalar()
    if found is None:
        raise NotFound(filled(MISSING[noun], id=row_id))
    return found
