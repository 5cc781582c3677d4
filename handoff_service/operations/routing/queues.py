"""An admin creates, changes or deletes a queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from handoff_service.errors import BadInput, Conflict
from handoff_service.lib import opening_hours
from handoff_service.operations.routing.queue_blockers import blockers
from handoff_service.operations.routing.refresh_queue_targets import refresh_queue_targets
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.desk.system_messages import QUEUES_OWN
from handoff_service.rules.routing.queues import QueueFields, errors
from handoff_service.rules.shared import conditions
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.store.conversations import target_facts
from handoff_service.store.desk.desk import desk_country
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import update_rows
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.routing import queues

q = t.queues


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQueue:
    """``values``: the fields of QueueFields to change. Other fields keep their values."""

    id: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveQueue:
    """Move a queue in the order of queues: by this many places, or to this place (0: the first)."""

    id: int
    by: int = 0
    to: int | None = None


def make_queue(tx: Transaction, queue: QueueFields) -> int:
    """Create a queue and return its id. Raises BadInput with the wrong fields. Raises Conflict for
    a name in use."""
    checked(tx, queue)
    _name_is_free(tx, queue.name)
    last = tx.conn.execute(select(func.max(q.c.position))).scalar() or 0
    row = _row(replace(queue, position=queue.position or last + 1))
    queue_id = tx.conn.execute(insert(q).values(**row).returning(q.c.id)).scalar_one()
    _set_groups_and_skills(tx, queue_id, queue)
    created(tx, Noun.QUEUE, queue_id)
    schedule_offers(tx)
    return queue_id


def change_queue(tx: Transaction, command: ChangeQueue) -> None:
    """Change a queue. The new settings also apply to waiting work items. Raises NotFound for an
    unknown id, and the same errors as ``make_queue``."""
    stored = queues.get(tx.conn, command.id)
    changed = replace(stored, **command.values)
    checked(tx, changed)
    if changed.name != stored.name:
        _name_is_free(tx, changed.name)
    _save(tx, command.id, changed)
    _move_targets(tx, command.id, stored, changed)


def move_queue(tx: Transaction, command: MoveQueue) -> None:
    """Move a queue. A place before the first one means the first place, and a place after the last
    one means the last place. Raises NotFound."""
    queues.get(tx.conn, command.id)
    order = list(queues.list_(tx.conn))
    here = order.index(command.id)
    place = here + command.by if command.to is None else command.to
    order.remove(command.id)
    order.insert(max(place, 0), command.id)
    rows = [{"id": one, "position": n} for n, one in enumerate(order, start=1)]
    with recorded(tx, Noun.QUEUE, command.id):
        update_rows(tx.conn, q, rows)
    schedule_offers(tx)


def put_queue(tx: Transaction, queue: QueueFields) -> None:
    """Create the queue with this name, or update it to match. With position 0, an existing queue
    keeps its place."""
    found = tx.conn.execute(select(q.c.id).where(q.c.name == queue.name)).scalar()
    if found is None:
        make_queue(tx, queue)
    else:
        checked(tx, queue)
        stored = queues.get(tx.conn, found)
        _save(tx, found, replace(queue, position=queue.position or stored.position))
        _move_targets(tx, found, stored, queue)


def delete_queue(tx: Transaction, queue_id: int) -> None:
    """Delete a queue. Raises NotFound for an unknown id. Raises Conflict when something uses the
    queue. The error says what uses it and what to do first."""
    queues.get(tx.conn, queue_id)
    if found := blockers(tx.conn, queue_id):
        raise Conflict(found[0].sentence)
    with deletes(tx, Noun.QUEUE, queue_id):
        tx.conn.execute(delete(q).where(q.c.id == queue_id))


def checked(tx: Transaction, queue: QueueFields) -> None:
    """Raise BadInput with the wrong fields of a queue that cannot be saved."""
    found = errors(queue)
    country = queue.country or desk_country(tx.conn)
    if queue.schedule is not None and (wrong := opening_hours.error(queue.schedule, country)):
        found["schedule"] = wrong
    if found:
        raise BadInput(joined("; ", (joined(": ", one) for one in found.items())), errors=found)


def check_schedules(tx: Transaction) -> None:
    """Raise BadInput when a queue's schedule needs public holidays that are not known for the
    desk's country."""
    country = desk_country(tx.conn)
    for queue in queues.list_(tx.conn).values():
        if (
            queue.country is None
            and queue.schedule is not None
            and opening_hours.unreadable(queue.schedule, country)
        ):
            error = phrase(
                "Public holidays of this country are not known, but {queue} closes on them. "
                "Choose another country, or take the holidays out of that queue's hours",
                queue=queue.name,
            )
            raise BadInput(errors={"country": error})


def _name_is_free(tx: Transaction, name: str) -> None:
    if tx.conn.execute(select(q.c.id).where(q.c.name == name)).scalar() is not None:
        raise Conflict.at(
            "name", phrase("A queue named “{name}” already exists. Choose another name.", name=name)
        )


def _save(tx: Transaction, queue_id: int, queue: QueueFields) -> None:
    with recorded(tx, Noun.QUEUE, queue_id):
        tx.conn.execute(update(q).where(q.c.id == queue_id).values(**_row(queue)))
        _set_groups_and_skills(tx, queue_id, queue)
    schedule_offers(tx)


def _move_targets(tx: Transaction, queue_id: int, before: QueueFields, now: QueueFields) -> None:
    """Apply new targets and opening hours to the open conversations of the queue."""
    counts = ("targets", "schedule", "time_zone", "country")
    if any(getattr(before, name) != getattr(now, name) for name in counts):
        refresh_queue_targets(tx, [queue_id])


def _row(queue: QueueFields) -> dict[str, Any]:
    plain = (
        "name", "position", "match", "schedule", "time_zone", "country", "language",
        "assignment", "accept_seconds", "auto_assign",
        "affinity_days", "alarm_seconds",
        "satisfaction_after_hours", "satisfaction_every_days",
    )  # fmt: skip
    return {
        **{name: getattr(queue, name) for name in plain},
        "conditions": [conditions.written(c) for c in queue.conditions],
        "targets": target_facts.written(queue.targets),
        **{f"{message}_text": queue.texts.get(message) for message in QUEUES_OWN},
    }


def _set_groups_and_skills(tx: Transaction, queue_id: int, queue: QueueFields) -> None:
    """Replace the queue's groups and skills."""
    groups = _groups(tx, [p.group for p in queue.pools])
    pools = [{"group_id": groups[p.group], "after_seconds": p.after_seconds} for p in queue.pools]
    skills = [{"skill": s.name, "mandatory": s.mandatory} for s in queue.skills]
    for table, rows in ((t.queue_groups, pools), (t.queue_skills, skills)):
        tx.conn.execute(delete(table).where(table.c.queue_id == queue_id))
        if rows:
            tx.conn.execute(insert(table), [{"queue_id": queue_id, **row} for row in rows])


def _groups(tx: Transaction, names: Sequence[str]) -> dict[str, int]:
    g = t.groups
    found = {
        r.name: r.id for r in tx.conn.execute(select(g.c.id, g.c.name).where(g.c.name.in_(names)))
    }
    if missing := next((name for name in names if name not in found), None):
        raise BadInput(errors={"groups": phrase("there is no group “{name}”", name=missing)})
    return found
