"""Foreign keys to a row: finds out whether other rows refer to it, so that it cannot be deleted."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from handoff_service.store.engine import tables as t


def is_referred_to(conn: Connection, table: sa.Table, row_id: int) -> bool:
    """Return whether a foreign key refers to this row. Rows that a cascade deletes with it do not
    count."""
    return any(
        conn.execute(select(sa.literal(1)).where(column == row_id).limit(1)).first() is not None
        for column in columns_to(table)
    )


def columns_to(table: sa.Table) -> list[sa.Column[Any]]:
    """Return the columns whose foreign keys refer to this table, except those whose rows a cascade
    deletes."""
    return [
        key.parent
        for other in t.metadata.tables.values()
        for key in other.foreign_keys
        if key.column.table is table and key.ondelete != "CASCADE"
    ]
