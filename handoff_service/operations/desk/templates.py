"""An admin or a supervisor creates, changes or deletes a template."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.rules.desk import templates as rules
from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import attributes, macros, templates
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

m = t.templates


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeTemplate:
    name: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTemplate:
    """``values``: the new name, the new body, or both."""

    id: int
    values: Mapping[str, str]


def make_template(tx: Transaction, command: MakeTemplate) -> int:
    """Create a template and return its id. Raises BadInput for a body that cannot be saved. Raises
    Conflict for a name in use."""
    _check(tx, command.body)
    _name_is_free(tx, command.name)
    row = insert(m).values(name=command.name, body=command.body).returning(m.c.id)
    made: int = tx.conn.execute(row).scalar_one()
    created(tx, Noun.TEMPLATE, made)
    return made


def change_template(tx: Transaction, command: ChangeTemplate) -> None:
    """Change a template. Raises NotFound for an unknown id, and the same errors as
    ``make_template``."""
    stored = templates.get(tx.conn, command.id)
    name, body = command.values.get("name", stored.name), command.values.get("body", stored.body)
    _check(tx, body)
    if name != stored.name:
        _name_is_free(tx, name)
    with recorded(tx, Noun.TEMPLATE, command.id):
        tx.conn.execute(update(m).where(m.c.id == command.id).values(name=name, body=body))


def put_template(tx: Transaction, command: MakeTemplate) -> None:
    """Create the template with this name, or replace its text."""
    found = tx.conn.execute(select(m.c.id).where(m.c.name == command.name)).scalar()
    if found is None:
        make_template(tx, command)
    else:
        change_template(tx, ChangeTemplate(id=found, values={"body": command.body}))


def delete_template(tx: Transaction, template_id: int) -> None:
    """Delete a template. Raises NotFound for an unknown id, and Conflict for a template that a
    macro sends."""
    templates.get(tx.conn, template_id)
    if found := blockers(tx.conn, template_id):
        raise Conflict(found[0].sentence)
    with deletes(tx, Noun.TEMPLATE, template_id):
        tx.conn.execute(delete(m).where(m.c.id == template_id))


def blockers(conn: Connection, template_id: int) -> list[Blocker]:
    """The macros that send the template, which prevents deleting it."""
    return macros.blockers(conn, t.macros.c.template_id, template_id)


def _check(tx: Transaction, body: str) -> None:
    """Raise BadInput for a body that cannot be saved."""
    if wrong := rules.error(body, attributes.by_field(tx.conn)):
        raise BadInput(errors={"body": wrong})


def _name_is_free(tx: Transaction, name: str) -> None:
    if tx.conn.execute(select(m.c.id).where(m.c.name == name)).scalar() is not None:
        raise Conflict.at(
            "name",
            phrase("A template named “{name}” already exists. Choose another name.", name=name),
        )
