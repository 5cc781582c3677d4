"""Columns whose values are sealed with the secret key, and the keys that sealed them.

``tables.py`` declares these columns with ``_sealed``, and the functions here find them by that
mark. The next start of the service seals values that were stored in plain text. A key rotation
seals the values of old keys again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection, func, select, update

from handoff_service.errors import CannotOpen
from handoff_service.lib.sealing import KEY_LENGTH, PREFIX, Sealer
from handoff_service.store.engine import tables as t

type Stored = tuple[sa.ColumnElement[bool], str]


def columns() -> Iterator[Column[str]]:
    """Yield the sealed columns of all tables."""
    for table in t.metadata.sorted_tables:
        yield from (column for column in table.columns if column.info.get("sealed"))


def opened(conn: Connection, column: Column[str], stored: str) -> str | None:
    """Return the secret in plain text; None if the service does not have its key, or if the stored
    value is damaged. ``conn``: a connection of the store, which has the keys."""
    sealer: Sealer = conn.get_execution_options()["sealer"]
    try:
        return sealer.open(column, stored)
    except CannotOpen:
        return None


def seal_plain(conn: Connection, sealer: Sealer) -> int:
    """Seal the values that are stored in plain text. Return their number."""
    sealed = 0
    for column in columns():
        for row, stored in _values(conn, column, ~column.startswith(PREFIX)):
            _put(conn, column, row, stored, sealer.seal(column, stored))
            sealed += 1
    return sealed


def seal_again(conn: Connection, sealer: Sealer) -> int:
    """Seal the values of old keys, and values in plain text, with the current key. Return their
    number. Values with an unknown key stay unchanged."""
    sealed = 0
    for column in columns():
        is_current = column.startswith(f"{PREFIX}{sealer.key_id}:")
        for row, stored in _values(conn, column, ~is_current):
            try:
                secret = sealer.open(column, stored)
            except CannotOpen:
                continue
            _put(conn, column, row, stored, sealer.seal(column, secret))
            sealed += 1
    return sealed


def keys_in_use(conn: Connection) -> Counter[str]:
    """Return how many values each key has sealed."""
    used: Counter[str] = Counter()
    for column in columns():
        key = func.substr(column, len(PREFIX) + 1, KEY_LENGTH)
        counted = select(key, func.count()).where(column.startswith(PREFIX)).group_by(key)
        used.update({row[0]: row[1] for row in conn.execute(counted)})
    return used


def _values(
    conn: Connection, column: Column[str], condition: sa.ColumnElement[bool]
) -> Iterable[Stored]:
    """Return a pair for each row that meets ``condition``: a condition for exactly this row, and
    the stored value."""
    primary = list(column.table.primary_key)
    rows = conn.execute(select(*primary, column.label("stored")).where(condition)).all()
    return [(_is_row(primary, row), row.stored) for row in rows]


def _is_row(primary: Iterable[Column[Any]], row: Any) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == value for column, value in zip(primary, row, strict=False)))


def _put(
    conn: Connection, column: Column[str], row: sa.ColumnElement[bool], before: str, after: str
) -> None:
    """Replace the value, unless it has changed since it was read."""
    conn.execute(update(column.table).where(row, column == before).values({column: after}))
