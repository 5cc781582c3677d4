"""Finds the conversations that a figure counts."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Connection

from handoff_service.rules.reports.figure_kinds import Figure, figure_conversations
from handoff_service.rules.reports.filters import Filters
from handoff_service.rules.reports.ranges import DayRange
from handoff_service.store.reports.export import days_between
from handoff_service.store.reports.packed_days import IDS
from handoff_service.store.reports.report import select_conversations
from handoff_service.store.reports.selection import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedConversations:
    """The conversations that a figure counts. ``values``: the figure's value for each conversation,
    largest first. If a figure has no values, ``values`` is None, and the newest conversation comes
    first."""

    ids: list[int]
    values: list[int] | None
    count: int


def conversations_of(
    conn: Connection, figure: Figure, of: DayRange, filters: Filters, *, skip: int, most: int
) -> CountedConversations:
    """Return a page of the conversations that a figure counts. The figure uses the same columns and
    conditions, so the list always agrees with it."""
    where, column = figure_conversations(figure.how)
    needed = {IDS, *(one.column for one in where)} | ({column} if column else set())
    found = select_conversations(conn, needed, of, filters)
    rows = np.flatnonzero(found.matching(where))[::-1]
    values = None
    count = len(rows)
    if column is not None:
        of_each = _value_of_each(found, column)[rows]
        first = _largest(of_each, skip + most)
        rows, values = rows[first], of_each[first]
    page = slice(skip, skip + most)
    return CountedConversations(
        ids=[int(one) for one in found.columns[IDS].values[rows[page]]],
        values=[int(one) for one in values[page]] if values is not None else None,
        count=count,
    )


def ids_of_day(conn: Connection, figure: Figure, day: str, filters: Filters) -> list[int]:
    """Return the conversations that a figure counts and that began on this day, sorted by id."""
    where, column = figure_conversations(figure.how)
    needed = {IDS, *(one.column for one in where)} | ({column} if column else set())
    at = date.fromisoformat(day)
    found = select_conversations(conn, needed, DayRange(at, at), filters)
    return [int(one) for one in found.columns[IDS].values[np.flatnonzero(found.matching(where))]]


def ids_after(
    conn: Connection, of: DayRange, filters: Filters, cursor: tuple[str, int], most: int
) -> list[int]:
    """Return the next conversations in a range that match the filters, sorted by day and id.
    ``cursor``: the last day and id of the previous page. This reads more and more days
    at a time, until the page is full."""
    after_day, after_id = cursor
    first = max(of.first.isoformat(), after_day)
    days = days_between(conn, first, of.last.isoformat())
    found: list[int] = []
    start, size = 0, 1
    while start < len(days) and len(found) < most:
        part = days[start : start + size]
        span = DayRange(date.fromisoformat(part[0]), date.fromisoformat(part[-1]))
        chosen = select_conversations(conn, {IDS}, span, filters)
        rows = np.flatnonzero(chosen.mask)
        ids = chosen.columns[IDS].values[rows]
        if part[0] == after_day:
            on_day = next((count for day, count in chosen.columns.days if day == after_day), 0)
            ids = ids[(rows >= on_day) | (ids > after_id)]
        found += [int(one) for one in ids]
        start, size = start + size, size * 2
    return found[:most]


def _largest(values: Any, most: int) -> Any:
    """Return the indexes of the largest values, largest first. Among equal values, the first comes
    first."""
    count = len(values)
    keys = np.arange(count) - values.astype("<i8") * count
    indexes = np.argpartition(keys, most)[:most] if most < count else np.arange(count)
    return indexes[np.argsort(keys[indexes])]


def _value_of_each(found: Selection, column: str) -> Any:
    """Return the figure's value for each conversation; for a list of times, the longest time."""
    of = found.columns[column]
    if of.lengths is None or not column.startswith("next_"):
        return found.counted(column)
    longest = np.zeros(len(of.lengths), "<i8")
    np.maximum.at(longest, np.repeat(np.arange(len(of.lengths)), of.lengths), of.values)
    return longest
