"""Reads columns of facts as arrays, for any range of days.

In a packed day, each column is one row of bytes. So a report over a year reads a few hundred short
rows instead of a million long ones. If a day is not packed, or its facts have changed since, this
module reads the facts themselves. The arrays are the same in both cases.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from handoff_service.rules.reports.columns import COLUMNS, ColumnKind
from handoff_service.rules.reports.ranges import DayRange
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.binary_rows import binary_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.reports.facts import list_of, words_of

NULL = -1
IDS = "interaction_id"
f, days, packed = t.conversation_facts, t.report_days, t.report_columns
#: A condition: whether the day is not packed, or its facts have changed since.
is_loose = sa.or_(days.c.packed.is_(None), days.c.packed != days.c.version)
_TYPES: Mapping[ColumnKind, str] = {
    ColumnKind.NUMBER: "<i4",
    ColumnKind.MONEY: "<i8",
    ColumnKind.WORD: "<i2",
    ColumnKind.LIST: "<i4",
    ColumnKind.WORDS: "<i2",
}


type Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of values of conversations. Null is -1.

    ``lengths``: for a column of lists, how many values each conversation has. ``words``: for a
    column of words, the list of words. ``values`` has their indexes in this list.
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
    """Columns of the conversations that began in a range of days. ``days``: each day with
    conversations and their number, in order."""

    days: Sequence[tuple[str, int]]
    columns: Mapping[str, Column]

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    @property
    def count(self) -> int:
        return sum(count for _, count in self.days)


@dataclass(slots=True)
class _Words:
    """Gives each word a number, in the order in which the words first occur."""

    known: dict[str, int] = field(default_factory=dict)

    def number(self, word: str) -> int:
        return self.known.setdefault(word, len(self.known))


def columns(conn: Connection, of: DayRange, names: Collection[str]) -> Columns:
    """Return these columns of all conversations that began in the range, oldest day first."""
    rows = conn.execute(
        select(days).where(days.c.day.between(*_bounds(of))).order_by(days.c.day)
    ).all()
    loose = [r.day for r in rows if r.packed != r.version]
    wanted = sorted(names) or [IDS]
    by_name = _packed(conn, of, wanted)
    for name, found in from_facts(conn, loose, wanted).items():
        by_name.setdefault(name, {}).update(found)
    order = [r.day for r in rows]
    joined_columns = {
        name: _joined(name, [by_name[name][d] for d in order]) for name in wanted if order
    }
    counts = [(d, by_name[wanted[0]][d].count) for d in order]
    return Columns(
        days=counts, columns=joined_columns or {name: _joined(name, []) for name in wanted}
    )


def _bounds(of: DayRange) -> tuple[str, str]:
    return of.first.isoformat(), of.last.isoformat()


def _packed(conn: Connection, of: DayRange, names: Collection[str]) -> dict[str, dict[str, Column]]:
    words = sa.cast(packed.c.words, sa.Text).label("words")
    query = select(*packed.c["name", "day", "type", "data", "lengths"], words).where(
        one_of(packed.c.name, names), packed.c.day.between(*_bounds(of))
    )
    found: dict[str, dict[str, Column]] = {}
    for row in binary_rows(conn, query):
        found.setdefault(row.name, {})[row.day] = Column(
            np.frombuffer(row.data, row.type),
            np.frombuffer(row.lengths, "<u2") if row.lengths is not None else None,
            json.loads(row.words) if row.words != "[]" else (),
        )
    return found


def from_facts(
    conn: Connection, of: Collection[str], names: Sequence[str]
) -> dict[str, dict[str, Column]]:
    """Read the columns ``names`` from the facts of these days."""
    if not of:
        return {}
    query = select(f.c.day, *f.c[tuple(names)]).where(one_of(f.c.day, of))
    rows: dict[str, list[Any]] = {day: [] for day in of}
    for row in conn.execute(query.order_by(f.c.day, f.c.interaction_id)).all():
        rows[row[0]].append(row)
    found: dict[str, dict[str, Column]] = {name: {} for name in names}
    for day, facts_of_day in rows.items():
        for n, name in enumerate(names, 1):
            found[name][day] = _column(name, [row[n] for row in facts_of_day])
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
    found: Numbers = numbers[part.values]  # null is -1, which selects the last element, NULL
    return found


def _one_array(parts: Sequence[Numbers], kind: str) -> Numbers:
    return np.concatenate(parts) if parts else np.array([], kind)
