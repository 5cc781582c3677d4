"""Reads several values per key for many keys at once, such as each agent's roles."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.store.engine.one_of import one_of


def select_by_key(
    key: sa.ColumnElement[int], value: sa.ColumnElement[str], source: sa.FromClause | None = None
) -> sa.Select[int, str]:
    """Build the query for ``values_by_key``. It returns sorted values."""
    query = select(key, value).where(one_of(key, "keys")).order_by(value)
    return query if source is None else query.select_from(source)


def values_by_key(
    conn: Connection, query: sa.Select[int, str], keys: Collection[int]
) -> dict[int, list[str]]:
    """Return the sorted values of each key. Keys without values are left out."""
    found: dict[int, list[str]] = {}
    for row in conn.execute(query, {"keys": keys}) if keys else ():
        found.setdefault(row[0], []).append(row[1])
    return found
