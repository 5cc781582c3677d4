"""Portable rows: rows in a format for both SQLite and PostgreSQL, with one JSON list per row.

This reads the tables and columns from the database itself, so it works with any revision of the
schema. Times are fixed-width UTC text, as in SQLite. JSON columns keep their stored text.
"""

import base64
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import batched
from typing import Any

import psycopg
import sqlalchemy as sa

from handoff_service.errors import SetupError
from handoff_service.store.engine.tables import MESSAGE_WORDS

AT_ONCE = 1000
# backups store the revision separately, and a restore rebuilds the text index
_NOT_PORTABLE = ("alembic_version", MESSAGE_WORDS)


def tables_of(conn: sa.Connection) -> list[sa.Table]:
    """Return the tables with portable rows, each one after the tables to which it refers."""
    found = sa.MetaData()
    found.reflect(conn, only=lambda name, _: not name.startswith(_NOT_PORTABLE))
    return found.sorted_tables


def write_rows(conn: sa.Connection, table: sa.Table) -> Iterator[bytes]:
    """Yield the rows of a table, one line each."""
    columns = [sa.cast(c, sa.Text) if isinstance(c.type, sa.JSON) else c for c in table.columns]
    rows = conn.execution_options(yield_per=AT_ONCE).execute(sa.select(*columns))
    for row in rows:
        yield json.dumps([_to_json(value) for value in row], ensure_ascii=False).encode() + b"\n"


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return (
            value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        )
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def read_rows(
    conn: sa.Connection, table: sa.Table, columns: Sequence[str], lines: Iterable[bytes]
) -> int:
    """Insert lines from ``write_rows`` with values for these columns. Returns the number of
    rows."""
    readers = [_reader(table.columns[name]) for name in columns]
    rows = (
        [read(value) for read, value in zip(readers, json.loads(line), strict=True)]
        for line in lines
    )
    names = [conn.dialect.identifier_preparer.quote(name) for name in (table.name, *columns)]
    cursor: Any = conn.connection.cursor()
    with closing(cursor), _hide_driver_text(table.name):
        if conn.dialect.name == "postgresql":  # ten times as fast as INSERT
            return _copy(cursor, f"COPY {names[0]} ({', '.join(names[1:])}) FROM STDIN", rows)
        places = ", ".join("?" for _ in columns)
        insert = f"INSERT INTO {names[0]} ({', '.join(names[1:])}) VALUES ({places})"  # noqa: S608
        return _insert(cursor, insert, rows)


@contextmanager
def _hide_driver_text(table: str) -> Iterator[None]:
    try:
        yield
    # leave out the driver's text, which may contain personal data
    except (sqlite3.Error, psycopg.Error) as error:
        why = type(error).__name__
        raise SetupError(
            f"Table {table} of the backup cannot be stored in this database ({why})."
        ) from error


def _copy(cursor: Any, statement: str, rows: Iterable[Sequence[Any]]) -> int:
    count = 0
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _insert(cursor: Any, statement: str, rows: Iterable[Sequence[Any]]) -> int:
    count = 0
    for batch in batched(rows, AT_ONCE, strict=False):
        cursor.executemany(statement, batch)
        count += len(batch)
    return count


def _reader(column: sa.Column[Any]) -> Callable[[Any], Any]:
    """Return a function that converts a JSON value to the driver's value."""
    if isinstance(column.type, sa.DateTime):
        return lambda value: None if value is None else f"{value}+00"
    if isinstance(column.type, sa.LargeBinary):
        return lambda value: None if value is None else base64.b64decode(value)
    return lambda value: value


def set_counters(conn: sa.Connection, table: sa.Table) -> None:
    """Set PostgreSQL's id counter of a table above the existing ids. SQLite does this
    automatically."""
    key = table.autoincrement_column
    if conn.dialect.name != "postgresql" or key is None or key.name not in table.columns:
        return
    sequence = conn.execute(
        sa.select(sa.func.pg_get_serial_sequence(table.name, key.name))
    ).scalar()
    if sequence is not None:
        newest = sa.select(sa.func.coalesce(sa.func.max(key), 0)).scalar_subquery()
        conn.execute(sa.select(sa.func.setval(sequence, newest + 1, False)))
