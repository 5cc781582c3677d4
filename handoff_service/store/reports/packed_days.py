"""Columns of facts as arrays, for any range of days.

A finished day is packed: one row of bytes for each column, so that a report over a year reads a few
hundred short rows instead of a million long ones. If the facts of a day have changed since it was
packed, the day is read from the facts. Both ways give the same arrays.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection, select, update

from handoff_service.rules.reports.columns import COLUMNS, ColumnKind
from handoff_service.rules.reports.ranges import DayRange
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import read_at, upsert
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.reports.facts import list_of, words_of

QUIET = timedelta(minutes=10)  # a day is packed when its facts have not changed for so long
BYTES_AT_ONCE = 200_000  # bytes of one write, which the lane does in a few ms
NULL = -1
IDS = "interaction_id"
f, days, packed = t.conversation_facts, t.report_days, t.report_columns
_TYPES: Mapping[ColumnKind, str] = {
    ColumnKind.NUMBER: "<i4",
    ColumnKind.MONEY: "<i8",
    ColumnKind.WORD: "<i2",
    ColumnKind.LIST: "<i4",
    ColumnKind.WORDS: "<i2",
}

_SIGNED = ("<i1", "<i2", "<i4", "<i8")

type Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """Values of conversations. Null is -1.

    ``lengths``: for a list column, how many values each conversation has. ``words``: for a column
    of words, the words that its numbers stand for.
    """

    values: Numbers
    lengths: Numbers | None = None
    words: Sequence[str] = ()

    @property
    def count(self) -> int:
        """The number of conversations."""
        return len(self.values if self.lengths is None else self.lengths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Columns of the conversations that began on some days. ``days``: each day with conversations,
    and their number, in order."""

    days: Sequence[tuple[str, int]]
    columns: Mapping[str, Column]

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    @property
    def count(self) -> int:
        return sum(count for _, count in self.days)


@dataclass(slots=True)
class _Words:
    """One number for each word, over all days."""

    known: dict[str, int] = field(default_factory=dict)

    def number(self, word: str) -> int:
        return self.known.setdefault(word, len(self.known))


def columns(conn: Connection, of: DayRange, names: Collection[str]) -> Columns:
    """These columns of all conversations that began in the range, oldest day first."""
    rows = conn.execute(
        select(days).where(days.c.day.between(*_bounds(of))).order_by(days.c.day)
    ).all()
    loose = [r.day for r in rows if r.packed != r.version]
    wanted = sorted(names) or [IDS]
    by_name = _packed(conn, of, wanted)
    for name, found in _from_facts(conn, loose, wanted).items():
        by_name.setdefault(name, {}).update(found)
    order = [r.day for r in rows]
    whole = {name: _joined(name, [by_name[name][d] for d in order]) for name in wanted if order}
    counts = [(d, by_name[wanted[0]][d].count) for d in order]
    return Columns(days=counts, columns=whole or {name: _joined(name, []) for name in wanted})


def _bounds(of: DayRange) -> tuple[str, str]:
    return of.first.isoformat(), of.last.isoformat()


def _packed(conn: Connection, of: DayRange, names: Collection[str]) -> dict[str, dict[str, Column]]:
    words = sa.cast(packed.c.words, sa.Text).label("words")
    query = select(*packed.c["name", "day", "type", "data", "lengths"], words).where(
        one_of(packed.c.name, names), packed.c.day.between(*_bounds(of))
    )
    found: dict[str, dict[str, Column]] = {}
    for row in conn.execute(query).all():
        found.setdefault(row.name, {})[row.day] = Column(
            np.frombuffer(row.data, row.type),
            np.frombuffer(row.lengths, "<u2") if row.lengths is not None else None,
            json.loads(row.words) if row.words != "[]" else (),
        )
    return found


def _from_facts(
    conn: Connection, of: Collection[str], names: Sequence[str]
) -> dict[str, dict[str, Column]]:
    """The columns of ``columns``, read from the facts of these days."""
    if not of:
        return {}
    query = select(f.c.day, *f.c[tuple(names)]).where(one_of(f.c.day, of))
    rows: dict[str, list[Any]] = {day: [] for day in of}
    for row in conn.execute(query.order_by(f.c.day, f.c.interaction_id)).all():
        rows[row[0]].append(row)
    found: dict[str, dict[str, Column]] = {name: {} for name in names}
    for day, some in rows.items():
        for n, name in enumerate(names, 1):
            found[name][day] = _column(name, [row[n] for row in some])
    return found


def _column(name: str, values: Sequence[Any]) -> Column:
    kind = _kind(name)
    if kind is ColumnKind.LIST:
        lists = [list_of(text) for text in values]
        flat = [one for many in lists for one in many]
        lengths = np.fromiter(map(len, lists), "<u2", len(lists))
        return Column(np.array(flat, _type(name)), lengths)
    if kind is ColumnKind.WORDS:
        words = _Words()
        lines = [words_of(text) for text in values]
        flat = [words.number(one) for many in lines for one in many]
        lengths = np.fromiter(map(len, lines), "<u2", len(lines))
        return Column(np.array(flat, _type(name)), lengths, list(words.known))
    if kind is ColumnKind.WORD:
        words = _Words()
        numbers = [NULL if one is None else words.number(one) for one in values]
        return Column(np.array(numbers, _type(name)), words=list(words.known))
    return Column(np.array([NULL if one is None else one for one in values], _type(name)))


def _kind(name: str) -> ColumnKind:
    return COLUMNS[name].kind if name in COLUMNS else ColumnKind.MONEY  # ids have eight bytes


def _type(name: str) -> str:
    return _TYPES[_kind(name)]


def _joined(name: str, parts: Sequence[Column]) -> Column:
    kind = _kind(name)
    lengths = [one.lengths for one in parts if one.lengths is not None]
    if kind in (ColumnKind.WORD, ColumnKind.WORDS):
        words = _Words()
        values = [_renumbered(one, words) for one in parts]
        of_each = _one_array(lengths, "<u2") if kind is ColumnKind.WORDS else None
        return Column(_one_array(values, "<i4"), of_each, list(words.known))
    values = [one.values for one in parts]
    if kind is ColumnKind.LIST:
        return Column(_one_array(values, _type(name)), _one_array(lengths, "<u2"))
    return Column(_one_array(values, _type(name)))


def _renumbered(part: Column, words: _Words) -> Numbers:
    numbers = np.array([*map(words.number, part.words), NULL], "<i4")
    found: Numbers = numbers[part.values]  # null is -1, which selects the last element
    return found


def _one_array(parts: Sequence[Numbers], kind: str) -> Numbers:
    return np.concatenate(parts) if parts else np.array([], kind)


# Packing ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedDay:
    """A day's columns, and the version of the facts that they were computed from."""

    day: str
    version: int
    rows: Sequence[dict[str, Any]]


def next_to_pack(conn: Connection) -> PackedDay | None:
    """The oldest day that must be packed now; None: there is no such day."""
    is_loose = sa.or_(days.c.packed.is_(None), days.c.packed != days.c.version)
    query = select(days).where(is_loose, days.c.changed_at <= read_at(conn) - QUIET)
    row = conn.execute(query.order_by(days.c.day).limit(1)).one_or_none()
    if row is None:
        return None
    names = [IDS, *COLUMNS]
    found = _from_facts(conn, [row.day], names)
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
    """The smallest type that holds the values."""
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    fits = (one for one in _SIGNED if np.iinfo(one).min <= low and high <= np.iinfo(one).max)
    return next(fits)


def parts_of(day: PackedDay) -> Iterator[list[dict[str, Any]]]:
    """The rows of a packed day in parts that the lane writes quickly."""
    part: list[dict[str, Any]] = []
    size = 0
    for row in day.rows:
        if part and size + len(row["data"]) > BYTES_AT_ONCE:
            yield part
            part, size = [], 0
        part.append(row)
        size += len(row["data"])
    if part:
        yield part


def begin_packing(tx: Transaction, day: str) -> None:
    """Mark the day so that reports read it from its facts from now on."""
    tx.conn.execute(update(days).where(days.c.day == day).values(packed=None))


def write_part(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    # one statement for each row: the words are lists, which an array parameter cannot hold
    for row in rows:
        tx.conn.execute(_upsert(tx.conn, row))


def _upsert(conn: Connection, row: dict[str, Any]) -> Any:
    made = upsert(conn, packed).values(row)
    change = {name: made.excluded[name] for name in ("type", "data", "lengths", "words")}
    return made.on_conflict_do_update(index_elements=["name", "day"], set_=change)


def end_packing(tx: Transaction, day: PackedDay) -> None:
    """Mark the day as packed, unless its facts have changed meanwhile."""
    tx.conn.execute(update(days).where(days.c.day == day.day).values(packed=day.version))
