"""Packs the columns of days whose facts have not changed for a while, so that ``packed_days.py``
can read them fast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection, select, update

from handoff_service.rules.reports.columns import COLUMNS
from handoff_service.store.engine.database import read_at, upsert
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.reports.packed_days import (
    IDS,
    Column,
    Numbers,
    days,
    from_facts,
    is_loose,
    packed,
)

# a day is packed after this time without a change of its facts
UNCHANGED_FOR = timedelta(minutes=10)
_SIGNED = ("<i1", "<i2", "<i4", "<i8")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedDay:
    """A day's packed columns. ``version``: the version of the facts from which they were
    computed."""

    day: str
    version: int
    rows: Sequence[dict[str, Any]]


def next_to_pack(conn: Connection) -> PackedDay | None:
    """Return the oldest day that is due to be packed; None if there is none."""
    query = select(days).where(is_loose, days.c.changed_at <= read_at(conn) - UNCHANGED_FOR)
    row = conn.execute(query.order_by(days.c.day).limit(1)).one_or_none()
    if row is None:
        return None
    names = [IDS, *COLUMNS]
    found = from_facts(conn, [row.day], names)
    rows = [_row(name, row.day, found[name][row.day]) for name in names]
    return PackedDay(day=row.day, version=row.version, rows=rows)


def _row(name: str, day: str, of: Column) -> dict[str, Any]:
    return {
        "name": name,
        "day": day,
        "type": (small := _small_type(of.values)),
        "data": of.values.astype(small).tobytes(),
        "lengths": of.lengths.tobytes() if of.lengths is not None else None,
        "words": list(of.words),
    }


def _small_type(values: Numbers) -> str:
    """Return the smallest type that can represent the values."""
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    fits = (one for one in _SIGNED if np.iinfo(one).min <= low and high <= np.iinfo(one).max)
    return next(fits)


def begin_packing(tx: Transaction, day: str) -> None:
    """Make reports read the day from its facts until it is packed."""
    tx.conn.execute(update(days).where(days.c.day == day).values(packed=None))


def write_columns(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    """Store these columns of a packed day."""
    # use one statement per row, because an array parameter cannot contain the lists of words
    for row in rows:
        tx.conn.execute(_upsert(tx.conn, row))


def _upsert(conn: Connection, row: dict[str, Any]) -> Any:
    insert = upsert(conn, packed).values(row)
    change = {name: insert.excluded[name] for name in ("type", "data", "lengths", "words")}
    return insert.on_conflict_do_update(index_elements=["name", "day"], set_=change)


def end_packing(tx: Transaction, day: PackedDay) -> None:
    """Record the version that was packed. If the facts have changed since, the day is still
    loose."""
    tx.conn.execute(update(days).where(days.c.day == day.day).values(packed=day.version))
