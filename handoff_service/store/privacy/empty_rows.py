"""Empties or deletes the rows of conversations, a limited number at a time.

``rows_left`` skips rows that are already empty, so a caller can repeat the search and
``empty_rows`` until nothing is left.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, delete, or_, select, update

from handoff_service.rules.privacy.kinds import KeptKind
from handoff_service.store.conversations import text_index
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy.erase_plan import CODED, PARTS, Owner, Part
from handoff_service.store.training import clusters

READ_AT_ONCE = 500  # keys of one part in one query
i, m = t.interactions, t.messages


def parts_of(kinds: Collection[KeptKind]) -> Sequence[Part]:
    """Return the parts that retention removes for these kinds."""
    return [part for part in PARTS if part.kinds & set(kinds)]


def owned(part: Part, ids: Collection[int], user_id: int | None = None) -> sa.ColumnElement[bool]:
    """Build a condition: whether a row of the part belongs to these conversations. ``user_id``:
    also include this user's cases."""
    column: sa.Column[Any] = part.table.c[part.column]
    messages = select(m.c.id).where(one_of(m.c.interaction_id, ids))
    cases, work = t.cases.c, t.work_items.c
    turns, items = t.bot_turns.c, t.trainer_items.c
    mine = one_of(cases.interaction_id, ids)
    if user_id is not None:
        mine |= cases.user_id == user_id
    return {
        Owner.INTERACTION: one_of(column, ids),
        Owner.MESSAGE: column.in_(messages),
        Owner.CASE: column.in_(select(cases.id).where(mine)),
        Owner.WORK_ITEM: column.in_(select(work.id).where(one_of(work.interaction_id, ids))),
        Owner.TURN: column.in_(select(turns.id).where(one_of(turns.interaction_id, ids))),
        Owner.ITEM: column.in_(select(items.id).where(one_of(items.interaction_id, ids))),
    }[part.owner]


def is_left(part: Part) -> sa.ColumnElement[bool]:
    """Build a condition: whether a row of the part is not empty yet."""
    where = sa.true() if part.where is None else part.where
    if part.empties is None:
        return where
    return where & or_(*(_has_content(part.table.c[n], v) for n, v in part.empties.items()))


def _has_content(column: sa.Column[Any], empty: Any) -> sa.ColumnElement[bool]:
    if column is m.c.reason:
        return column.is_not(None) & (m.c.event.is_(None) | m.c.event.not_in(CODED))
    if empty is None or isinstance(empty, sa.sql.elements.Null):
        return column.is_not(None)
    if isinstance(column.type, sa.JSON):  # PostgreSQL does not compare JSON
        return sa.cast(column, sa.Text) != "{}"
    if column.name in ("status", "why"):  # changes together with the other columns of its part
        return sa.false()
    return column != empty


def rows_left(
    conn: Connection, parts: Sequence[Part], ids: Collection[int], user_id: int | None = None
) -> list[tuple[Part, Sequence[int]]]:
    """Return the parts of these conversations that are not empty yet, each with at most
    ``READ_AT_ONCE`` keys of its rows (see ``key_of``). Call this outside the lane, because the
    search may be slow. ``user_id``: also include this user's cases."""
    return [
        (part, keys)
        for part in parts
        if (keys := _keys(conn, part, owned(part, ids, user_id) & is_left(part)))
    ]


def key_of(part: Part) -> sa.Column[int]:
    """Return the column by which steps select rows: the id, or in a table without ids, the column
    that refers to the owner. Tables without ids have few rows for each owner."""
    key: sa.Column[int] | None = part.table.c.get("id")
    return part.table.c[part.column] if key is None else key


def _keys(conn: Connection, part: Part, where: sa.ColumnElement[bool]) -> Sequence[int]:
    key = key_of(part)
    query = select(key).where(where).order_by(key).distinct()
    return list(conn.execute(query.limit(READ_AT_ONCE)).scalars())


def empty_rows(tx: Transaction, part: Part, keys: Sequence[int]) -> int:
    """Empty or delete the rows with these keys. Return the number of rows."""
    if not keys:
        return 0
    table, where = part.table, one_of(key_of(part), keys)
    _before(tx, table, keys)
    if part.empties is None:
        return tx.conn.execute(delete(table).where(where)).rowcount
    values = dict(part.empties)
    if table is m:
        values["emptied_at"] = values["changed_at"] = tx.now
    return tx.conn.execute(update(table).where(where).values(**values)).rowcount


def not_marked(conn: Connection, ids: Collection[int]) -> list[int]:
    """Return the conversations among ``ids`` that are not marked as emptied."""
    query = select(i.c.id).where(one_of(i.c.id, ids), i.c.emptied_at.is_(None))
    return list(conn.execute(query.order_by(i.c.id)).scalars())


def mark_emptied(tx: Transaction, ids: Collection[int]) -> None:
    """Record that content of these conversations was removed, or is about to be removed. The caller
    must store their facts for reports first, because the facts never change afterward."""
    unmarked = update(i).where(one_of(i.c.id, ids), i.c.emptied_at.is_(None))
    tx.conn.execute(unmarked.values(emptied_at=tx.now))


def _before(tx: Transaction, table: sa.Table, keys: Sequence[int]) -> None:
    """Remove references to these rows that are not foreign keys."""
    if table is m:
        text_index.forget_lines(tx.conn, keys)
    if table is t.trainer_items:
        clusters.leave_clusters(tx.conn, keys)
    if table is t.webhook_calls:
        names = [str(key) for key in keys]
        w = t.due_work.c
        tx.conn.execute(delete(t.due_work).where(w.kind == "call_webhook", one_of(w.key, names)))


@contextmanager
def secure_delete(tx: Transaction) -> Iterator[None]:
    """Make SQLite overwrite removed content inside the block. Other statements do not overwrite,
    because that costs additional writes.
    """
    if tx.conn.dialect.name != "sqlite":
        yield
        return
    # the raw connection accepts statements even after an error
    raw: Any = tx.conn.connection.dbapi_connection
    raw.execute("PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        raw.execute("PRAGMA secure_delete = OFF")


def files_of(conn: sa.Connection, ids: Collection[int]) -> list[str]:
    """Return the names of media files that only these conversations use."""
    d, other = t.media, t.media.alias("other")
    mine = select(m.c.id).where(one_of(m.c.interaction_id, ids))
    elsewhere = select(other.c.id).where(
        other.c.file == d.c.file,
        or_(other.c.message_id.is_(None), other.c.message_id.not_in(mine)),
    )
    query = select(d.c.file).where(
        d.c.file.is_not(None), d.c.message_id.in_(mine), ~elsewhere.exists()
    )
    return list(conn.execute(query.distinct()).scalars())
