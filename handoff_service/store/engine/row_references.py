"""Row references: whether a row must stay because rows of the history refer to it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.store.engine import tables as t


def is_referred_to(conn: Connection, table: sa.Table, row_id: int) -> bool:
    """Whether a row of another table refers to this one. Rows that are deleted together with it do
    not count."""
    return any(
        conn.execute(select(sa.literal(1)).where(column == row_id).limit(1)).first() is not None
        for column in columns_to(table)
    )


def columns_to(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns of other tables that refer to this one, apart from rows that are deleted with
    it."""
    return [
        key.parent
        for other in t.metadata.tables.values()
        for key in other.foreign_keys
        if key.column.table is table and key.ondelete != "CASCADE"
    ]
