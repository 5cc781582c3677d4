"""Groups of live agents to which queues offer conversations. Admins create groups. A missing group
is also created when an agent's record or a queue in a desk file names it. An admin may limit the
conversations of a group's agents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

g = t.groups


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeGroup:
    """``capacity``: the most conversations that each agent of the group may have; None: no limit.
    The agent's own capacity applies too."""

    name: str
    capacity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeGroup:
    """``values``: the fields of MakeGroup to change. Other fields keep their values."""

    id: int
    values: Mapping[str, Any]


def make_group(tx: Transaction, command: MakeGroup) -> int:
    """Create a group and return its id. Raises Conflict for a name in use."""
    _is_free(tx, command.name)
    return _insert(tx, command)


def change_group(tx: Transaction, command: ChangeGroup) -> None:
    """Rename a group or change its limit. Raises NotFound for an unknown id, and Conflict for a
    name in use."""
    stored = _one(tx, command.id)
    if command.values.get("name", stored.name) != stored.name:
        _is_free(tx, command.values["name"])
    if command.values:
        with recorded(tx, Noun.GROUP, command.id):
            tx.conn.execute(update(g).where(g.c.id == command.id).values(**command.values))
    schedule_offers(tx)


def delete_group(tx: Transaction, group: int) -> None:
    """Delete a group. Its agents stay. Raises NotFound for an unknown id, and Conflict while a
    queue offers conversations to the group."""
    stored = _one(tx, group)
    if found := blockers(tx.conn, group):
        names = ", ".join(one.name for one in found)
        raise Conflict(
            phrase(
                "{names} offers conversations to {name}. Remove the group there first.",
                names=names,
                name=stored.name,
            )
            if len(found) == 1
            else phrase(
                "These queues offer conversations to {name}: {names}. Remove the group there "
                "first.",
                name=stored.name,
                names=names,
            )
        )
    with deletes(tx, Noun.GROUP, group):
        tx.conn.execute(delete(t.agent_groups).where(t.agent_groups.c.group_id == group))
        tx.conn.execute(delete(g).where(g.c.id == group))


def blockers(conn: Connection, group: int) -> list[Blocker]:
    """The queues that offer conversations to a group, which prevents deleting it."""
    q, asks = t.queues, t.queue_groups
    query = select(q.c.id, q.c.name).join(asks, asks.c.queue_id == q.c.id)
    return [
        Blocker(
            sentence=phrase(
                "This queue offers its conversations to the group. Remove the group there first."
            ),
            noun=Noun.QUEUE,
            id=row.id,
            name=row.name,
        )
        for row in conn.execute(query.where(asks.c.group_id == group).order_by(q.c.name))
    ]


def group_id(tx: Transaction, name: str) -> int:
    """Return the id of the group with this name. Create the group if it does not exist."""
    found = tx.conn.execute(select(g.c.id).where(g.c.name == name)).scalar()
    return _insert(tx, MakeGroup(name=name)) if found is None else found


def _insert(tx: Transaction, command: MakeGroup) -> int:
    values = {"name": command.name, "capacity": command.capacity}
    made: int = tx.conn.execute(insert(g).values(**values).returning(g.c.id)).scalar_one()
    created(tx, Noun.GROUP, made)
    return made


def _one(tx: Transaction, group: int) -> Any:
    found = tx.conn.execute(select(g).where(g.c.id == group)).one_or_none()
    if found is None:
        raise NotFound(phrase("There is no group {id}.", id=group))
    return found


def _is_free(tx: Transaction, name: str) -> None:
    if tx.conn.execute(select(g.c.id).where(g.c.name == name)).first() is not None:
        raise Conflict.at(
            "name", phrase("A group named “{name}” already exists. Choose another name.", name=name)
        )
