"""Writes many rows in one statement.

On SQLite, ``executemany`` costs almost nothing per row. On PostgreSQL, it runs a separate statement
for each row, so we use one statement with arrays and ``unnest``.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

type Row = Mapping[str, Any]
type Names = tuple[str, ...]


def insert_rows(conn: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows that all have the same columns."""
    upsert_rows(conn, table, rows, key=(), change=())


def upsert_rows(
    conn: Connection,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    key: Names,
    change: Names,
    up_to: str | None = None,
) -> None:
    """Insert rows. For an existing key, update the columns in ``change`` instead, but at most to
    the value of that row's column ``up_to``."""
    if rows:
        names = tuple(rows[0])
        _run(conn, _upsert(table, names, key, change, up_to, conn.dialect.name), names, rows)


def update_rows(conn: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Update the rows with these ids. Every row has ``id`` and the same other columns."""
    if rows:
        names = tuple(rows[0])
        _run(conn, _update(table, names, conn.dialect.name), names, rows)


def _run(conn: Connection, statement: Any, names: Names, rows: Sequence[Row]) -> None:
    if conn.dialect.name == "sqlite":
        conn.execute(statement, [{f"_{name}": row[name] for name in names} for row in rows])
    else:
        conn.execute(statement, {f"_{name}": [row[name] for row in rows] for name in names})


@functools.cache
def _upsert(
    table: sa.Table, names: Names, key: Names, change: Names, up_to: str | None, dialect: str
) -> Any:
    if dialect == "sqlite":
        statement: Any = sqlite.insert(table).values(
            {name: bindparam(f"_{name}") for name in names}
        )
    else:
        statement = postgresql.insert(table).from_select(names, select(*_unnested(table, names).c))
    if key:
        new = {name: statement.excluded[name] for name in change}
        if up_to is not None:
            limit = table.c[up_to]
            new = {
                name: sa.case((limit < value, limit), else_=value) for name, value in new.items()
            }
        statement = statement.on_conflict_do_update(index_elements=list(key), set_=new)
    return statement


@functools.cache
def _update(table: sa.Table, names: Names, dialect: str) -> Any:
    changed = [name for name in names if name != "id"]
    if dialect == "sqlite":
        statement = sa.update(table).where(table.c.id == bindparam("_id"))
        return statement.values(
            {name: bindparam(f"_{name}", type_=table.c[name].type) for name in changed}
        )
    rows = _unnested(table, names)
    return (
        sa.update(table)
        .where(table.c.id == rows.c.id)
        .values({name: rows.c[name] for name in changed})
    )


def _unnested(table: sa.Table, names: Names) -> Any:
    """Build a table of the rows, with one array parameter per column."""
    arrays = []
    for name in names:
        kind = ARRAY(table.c[name].type)
        arrays.append(cast(bindparam(f"_{name}", type_=kind), kind))
    columns = [sa.column(name, table.c[name].type) for name in names]
    return func.unnest(*arrays).table_valued(*columns).render_derived()
