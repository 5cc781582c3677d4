"""Queries with many bytes in their rows.

By default, psycopg requests text from PostgreSQL. In text, bytes are hexadecimal: the server sends
twice as many bytes, and the client decodes them. For a report over a year, this took longer than
the rest of the query. See https://www.psycopg.org/psycopg3/docs/basic/params.html
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from psycopg import Cursor
from psycopg.pq import Format


def binary_rows(conn: sa.Connection, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    """Return the rows of a query. PostgreSQL sends them in binary format."""
    if conn.dialect.name == "sqlite":
        return conn.execute(query).all()
    sa.event.listen(conn, "before_cursor_execute", _ask_for_binary)
    try:
        return conn.execute(query).all()
    finally:
        sa.event.remove(conn, "before_cursor_execute", _ask_for_binary)


def _ask_for_binary(_conn: sa.Connection, cursor: Cursor[Any], *_: object) -> None:
    cursor.format = Format.BINARY
