"""Import the groups, presence states and reject reasons of a desk file, which are rows with a key
and simple values."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import insert, select, update

from handoff_service.operations.shared.record_changes import created, recorded
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

TABLES = {
    Noun.GROUP: t.groups,
    Noun.PRESENCE_STATE: t.presence_states,
    Noun.REJECT_REASON: t.reject_reasons,
}


def put_in_order(tx: Transaction, noun: Noun, key: str, entries: Sequence[BaseModel]) -> None:
    """Create or update these rows, in the order of the file. Rows that the file does not name come
    after them, in their earlier order."""
    table = TABLES[noun]
    for place, entry in enumerate(entries, start=1):
        values = entry.model_dump()
        put_row(tx, noun, {key: values.pop(key)}, values | {"position": place})
    if entries:
        named = [getattr(entry, key) for entry in entries]
        rest = table.c[key].not_in(named)
        ids = (
            tx.conn.execute(select(table.c.id).where(rest).order_by(table.c.position, table.c.id))
            .scalars()
            .all()
        )
        for place, row_id in enumerate(ids, start=len(entries) + 1):
            tx.conn.execute(update(table).where(table.c.id == row_id).values(position=place))


def put_row(tx: Transaction, noun: Noun, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Create or update the row with this key."""
    table = TABLES[noun]
    where = [table.c[name] == value for name, value in key.items()]
    found = tx.conn.execute(select(table.c.id).where(*where)).scalar()
    if found is None:
        made = insert(table).values(**key, **values).returning(table.c.id)
        created(tx, noun, tx.conn.execute(made).scalar_one())
    else:
        with recorded(tx, noun, found):
            tx.conn.execute(update(table).where(*where).values(**values))
