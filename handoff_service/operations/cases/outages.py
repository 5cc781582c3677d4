"""An admin or a supervisor reports, changes or removes an outage."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import delete, insert, select, update

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.shared.record_changes import created, deletes, recorded
from handoff_service.rules.cases import outages as rules
from handoff_service.rules.cases.outages import OutageFields
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.cases import outages
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

o = t.outages


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOutage:
    """``values``: the fields of ``OutageFields`` to change. Other fields keep their values."""

    id: int
    values: Mapping[str, Any]


def make_outage(tx: Transaction, outage: OutageFields) -> int:
    """Store the outage and return its id. Raises BadInput with the wrong fields. Raises Conflict
    when another outage has the title."""
    _checked(outage)
    _title_is_free(tx, outage.title)
    row = insert(o).values(**asdict(outage)).returning(o.c.id)
    made: int = tx.conn.execute(row).scalar_one()
    created(tx, Noun.OUTAGE, made)
    return made


def change_outage(tx: Transaction, command: ChangeOutage) -> None:
    """Change these fields. Raises NotFound for an unknown id, and the same errors as
    ``make_outage``."""
    stored = _locked(tx, command.id)
    changed = replace(stored, **command.values)
    _checked(changed)
    if changed.title != stored.title:
        _title_is_free(tx, changed.title)
    with recorded(tx, Noun.OUTAGE, command.id):
        tx.conn.execute(update(o).where(o.c.id == command.id).values(**asdict(changed)))


def put_outage(tx: Transaction, outage: OutageFields) -> None:
    """Create the outage with this title, or update it to match."""
    found = tx.conn.execute(select(o.c.id).where(o.c.title == outage.title)).scalar()
    if found is None:
        make_outage(tx, outage)
    else:
        change_outage(tx, ChangeOutage(id=found, values=asdict(outage)))


def delete_outage(tx: Transaction, outage_id: int) -> None:
    """Delete the outage. Raises NotFound for an unknown id."""
    _locked(tx, outage_id)
    with deletes(tx, Noun.OUTAGE, outage_id):
        tx.conn.execute(delete(o).where(o.c.id == outage_id))


def _locked(tx: Transaction, outage_id: int) -> OutageFields:
    row = tx.conn.execute(select(o).where(o.c.id == outage_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no outage {outage_id}.", outage_id=outage_id))
    return outages.stored(row)


def _checked(outage: OutageFields) -> None:
    if wrong := rules.errors(outage):
        raise BadInput(errors=wrong)


def _title_is_free(tx: Transaction, title: str) -> None:
    if tx.conn.execute(select(o.c.id).where(o.c.title == title)).scalar() is not None:
        sentence = phrase(
            "An outage named “{title}” already exists. Choose another title.", title=title
        )
        raise Conflict.at("title", sentence)
