"""Adds rows to every table of any schema. It reads the schema from the database and follows the
order of foreign keys.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service.store.engine.tables import MESSAGE_WORDS

NOT_ROWS = re.compile(rf"^({MESSAGE_WORDS}.*|alembic_version)$")
# Time columns are recognized by name, because SQLite has no type for them.
A_TIME = re.compile(r"(^|_)(at|to|since|until|latest)$")
# tables whose only row has id 1 and comes from a migration
ONE_ROW = frozenset({"text_index", "installation", "report_progress"})
START = datetime(2026, 11, 1, 9, tzinfo=UTC)

type Rows = Mapping[str, Counter[str]]


# A query for each table's columns and constraints, as a text that changes when the table changes.
SHAPES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'table'",
    "postgresql": """
        SELECT c.relname, string_agg(concat_ws(' ', a.attname, a.attnotnull,
            format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid)),
            ', ' ORDER BY a.attnum) || (
              SELECT coalesce(string_agg(pg_get_constraintdef(oid), ', ' ORDER BY conname), '')
              FROM pg_constraint WHERE conrelid = c.oid)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
        GROUP BY c.oid, c.relname
    """,
}


def shapes(conn: sa.Connection) -> dict[str, str]:
    """Return table -> its columns and constraints, as a text to compare. The full-text table is
    left out.
    """
    every = conn.exec_driver_sql(SHAPES[conn.dialect.name])
    return {name: shape for name, shape in every if not NOT_ROWS.match(name)}


def reflect(conn: sa.Connection, only: Collection[str]) -> sa.MetaData:
    """Return these tables and the tables that they refer to, with their current columns."""
    found = sa.MetaData()
    found.reflect(conn, only=only)
    return found


def add_rows(conn: sa.Connection, schema: sa.MetaData, numbers: "itertools.count[int]") -> None:
    """Add one row to each table. Foreign keys refer to the new rows of the other tables."""
    added: dict[str, sa.Row[Any]] = {}
    for table in schema.sorted_tables:
        number = next(numbers)
        values = {c.name: _value(c, number, added) for c in table.columns if not _counts_up(c)}
        added[table.name] = conn.execute(
            sa.insert(table).values(values).returning(*table.columns)
        ).one()
    place, words = (
        next(numbers),
        {"sqlite": "'found'", "postgresql": "'found'::tsvector"}[conn.dialect.name],
    )
    key = "rowid" if conn.dialect.name == "sqlite" else "place"
    if sa.inspect(conn).has_table(MESSAGE_WORDS):
        conn.execute(
            sa.text(f"INSERT INTO {MESSAGE_WORDS} ({key}, words) VALUES ({place}, {words})")
        )


def _counts_up(column: sa.Column[Any]) -> bool:
    of_table = column.table.primary_key.columns
    if column.table.name in ONE_ROW:
        return False
    alone = (
        len(of_table) == 1
        and column.primary_key
        and not column.foreign_keys
        and _is(column, sa.Integer)
    )
    # SQLite's counters have no default. Their type shows that they count.
    return alone and (column.server_default is not None or isinstance(column.type, sa.INTEGER))


def _is(column: sa.Column[Any], kind: type[sa.types.TypeEngine[Any]]) -> bool:
    return isinstance(column.type, kind)


def _value(column: sa.Column[Any], number: int, added: Mapping[str, sa.Row[Any]]) -> object:
    for key in column.foreign_keys:
        return added[key.column.table.name]._mapping[key.column.name]
    if _is(column, sa.Boolean):
        return number % 2 == 0
    if _is(column, sa.Integer) or _is(column, sa.Float):
        # a value that both databases store exactly
        return number if _is(column, sa.Integer) else number / 8
    if _is(column, sa.JSON):
        return {"number": number}
    if _is(column, sa.LargeBinary):
        return f"{number}".encode()
    moment = START + timedelta(minutes=number)
    if _is(column, sa.DateTime):
        return moment
    if A_TIME.search(column.name):
        return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return f"{column.name} {number}"


def rows(
    conn: sa.Connection, tables: Iterable[str], renamed: Mapping[str, str] | None = None
) -> dict[str, list[Any]]:
    """Return table -> its rows as mappings, with values as the driver returns them. ``renamed``:
    "table.column" -> the name to use instead.
    """
    names = renamed or {}
    return {
        table: [
            {names.get(f"{table}.{name}", name): value for name, value in row._mapping.items()}
            for row in conn.exec_driver_sql(f'SELECT * FROM "{table}"')
        ]
        for table in tables
    }


def found_by_words(conn: sa.Connection) -> int:
    """Return the number of lines that the full-text table finds, or 0 before the table exists."""
    if not sa.inspect(conn).has_table(MESSAGE_WORDS):
        return 0
    finds = {"sqlite": f"{MESSAGE_WORDS} MATCH 'found'", "postgresql": "words @@ 'found'::tsquery"}
    return conn.execute(
        sa.text(f"SELECT count(*) FROM {MESSAGE_WORDS} WHERE {finds[conn.dialect.name]}")
    ).scalar_one()


def lost(
    before: Mapping[str, list[Any]], after: Mapping[str, list[Any]], changed: frozenset[str]
) -> list[str]:
    """Return the parts of ``before`` that are missing from ``after``, each as a sentence.
    ``changed``: columns that a migration changes or drops on purpose."""
    complaints = [f"table {name} is gone" for name in before if name not in after]
    for name in before.keys() & after.keys():
        old = [
            {k: v for k, v in row.items() if f"{name}.{k}" not in changed} for row in before[name]
        ]
        kept = old[0].keys() if old else ()
        gone = {column for column in kept if after[name] and column not in after[name][0]}
        complaints += [f"column {name}.{column} is gone" for column in sorted(gone)]
        there = Counter(_text({k: row[k] for k in kept if k not in gone}) for row in after[name])
        wanted = Counter(_text({k: row[k] for k in kept if k not in gone}) for row in old)
        complaints += [f"{name}: no row {row}" for row in (wanted - there)]
    return complaints


def _text(row: Mapping[str, Any]) -> str:
    return json.dumps(row, sort_keys=True, default=str)
