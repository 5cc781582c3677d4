"""An admin or a supervisor creates, changes or deletes a macro."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Table, delete, insert, select, update

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.rules.desk import macros as rules
from handoff_service.rules.desk.macros import MacroFields
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import Phrase, filled, phrase
from handoff_service.store.desk import attributes, macros
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

m = t.macros
#: Field -> the table of the record whose id it contains, and the error for an unknown id.
USES: Mapping[str, tuple[Table, Phrase]] = {
    "template_id": (t.templates, phrase("there is no template {id}")),
    "label_id": (t.labels, phrase("there is no label {id}")),
    "to_agent_id": (t.agents, phrase("there is no agent {id}")),
    "to_queue_id": (t.queues, phrase("there is no queue {id}")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMacro:
    """``values``: the fields of MacroFields to change. Other fields keep their values."""

    id: int
    values: Mapping[str, Any]


def make_macro(tx: Transaction, macro: MacroFields) -> int:
    """Create a macro and return its id. Raises BadInput with the wrong fields. Raises Conflict for
    a name in use."""
    _check(tx, macro)
    _name_is_free(tx, macro.name)
    row = insert(m).values(**_row(macro)).returning(m.c.id)
    made: int = tx.conn.execute(row).scalar_one()
    created(tx, Noun.MACRO, made)
    return made


def change_macro(tx: Transaction, command: ChangeMacro) -> None:
    """Change a macro. Raises NotFound for an unknown id, and the same errors as ``make_macro``."""
    stored = macros.fields(tx.conn, command.id)
    macro = replace(stored, **command.values)
    _check(tx, macro)
    if macro.name != stored.name:
        _name_is_free(tx, macro.name)
    with recorded(tx, Noun.MACRO, command.id):
        tx.conn.execute(update(m).where(m.c.id == command.id).values(**_row(macro)))


def put_macro(tx: Transaction, macro: MacroFields) -> None:
    """Create the macro with this name, or replace it."""
    found = tx.conn.execute(select(m.c.id).where(m.c.name == macro.name)).scalar()
    if found is None:
        make_macro(tx, macro)
    else:
        change_macro(tx, ChangeMacro(id=found, values=asdict(macro)))


def delete_macro(tx: Transaction, macro_id: int) -> None:
    """Delete a macro. Raises NotFound for an unknown id."""
    macros.get(tx.conn, macro_id)
    with deletes(tx, Noun.MACRO, macro_id):
        tx.conn.execute(delete(m).where(m.c.id == macro_id))


def _check(tx: Transaction, macro: MacroFields) -> None:
    wrong = rules.errors(macro, attributes.by_field(tx.conn))
    for field, (table, missing) in USES.items():
        record = getattr(macro, field)
        found = select(table.c.id).where(table.c.id == record)
        if record is not None and tx.conn.execute(found).first() is None:
            wrong[field] = filled(missing, id=record)
    if wrong:
        raise BadInput(errors=wrong)


def _row(macro: MacroFields) -> dict[str, Any]:
    return {
        "name": macro.name,
        "template_id": macro.template_id,
        "label_id": macro.label_id,
        "note": macro.note,
        "to_me": macro.to_me,
        "agent_id": macro.to_agent_id,
        "queue_id": macro.to_queue_id,
        "state": macro.state,
        "hold_seconds": round(macro.hold_for.total_seconds()) if macro.hold_for else None,
        "then": macro.then,
    }


def _name_is_free(tx: Transaction, name: str) -> None:
    if tx.conn.execute(select(m.c.id).where(m.c.name == name)).first() is not None:
        raise Conflict.at(
            "name", phrase("A macro named “{name}” already exists. Choose another name.", name=name)
        )
