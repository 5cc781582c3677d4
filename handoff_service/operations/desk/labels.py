"""An admin or a supervisor creates, changes or deletes a label."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from handoff_service.errors import Conflict
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.labels import Color
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import labels, macros
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

m = t.labels


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeLabel:
    name: str
    color: Color = Color.GRAY
    topic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLabel:
    """``values``: the fields of MakeLabel to change. Other fields keep their values."""

    id: int
    values: Mapping[str, Any]


def make_label(tx: Transaction, command: MakeLabel) -> int:
    """Create a label and return its id. Raises Conflict for a name in use."""
    _name_is_free(tx, command.name)
    made: int = tx.conn.execute(insert(m).values(**asdict(command)).returning(m.c.id)).scalar_one()
    created(tx, Noun.LABEL, made)
    return made


def change_label(tx: Transaction, command: ChangeLabel) -> None:
    """Change a label. Raises NotFound for an unknown id, and Conflict for a name in use."""
    stored = labels.get(tx.conn, command.id)
    if command.values.get("name", stored.name) != stored.name:
        _name_is_free(tx, command.values["name"])
    if command.values:
        with recorded(tx, Noun.LABEL, command.id):
            tx.conn.execute(update(m).where(m.c.id == command.id).values(**command.values))


def put_label(tx: Transaction, command: MakeLabel) -> None:
    """Create the label with this name, or change it."""
    found = tx.conn.execute(select(m.c.id).where(m.c.name == command.name)).scalar()
    if found is None:
        make_label(tx, command)
    else:
        change_label(tx, ChangeLabel(id=found, values=asdict(command)))


def delete_label(tx: Transaction, label_id: int) -> None:
    """Delete a label, and remove it from every conversation. Raises NotFound for an unknown id, and
    Conflict for a label that a macro adds."""
    labels.get(tx.conn, label_id)
    if found := blockers(tx.conn, label_id):
        raise Conflict(found[0].sentence)
    with deletes(tx, Noun.LABEL, label_id):
        tx.conn.execute(delete(m).where(m.c.id == label_id))


def blockers(conn: Connection, label_id: int) -> list[Blocker]:
    """The macros that add the label, which prevents deleting it."""
    return macros.blockers(conn, t.macros.c.label_id, label_id)


def _name_is_free(tx: Transaction, name: str) -> None:
    if tx.conn.execute(select(m.c.id).where(m.c.name == name)).first() is not None:
        raise Conflict.at(
            "name", phrase("A label named “{name}” already exists. Choose another name.", name=name)
        )
