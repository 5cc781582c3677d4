"""Compute figures from columns. Knows the words of ``rules/reports/figures.py``, and no figure by
name."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from handoff_service.rules.reports.figures import (
    Count,
    Figure,
    Has,
    Is,
    Known,
    PerConversation,
    Presence,
    Quantile,
    Share,
    Sum,
    SumShare,
    Where,
)
from handoff_service.rules.reports.ranges import DayRange
from handoff_service.rules.reports.reports import Group
from handoff_service.store.reports.packed_days import NULL, Column, Columns, Numbers

#: In a table by agent, these count for the agents that they list.
OF_AGENTS = frozenset({"answered_by", "accepted_by", "declined_by", "expired_by"})

type Value = int | float | None


@dataclass(slots=True)
class Selection:
    """Conversations of some columns. ``mask``: which of them fit the filters."""

    columns: Columns
    mask: Numbers
    currency: str | None = None  #: the one whose costs count
    _conditions: dict[Where, Numbers] = field(default_factory=dict)
    _places: dict[Group, "Places"] = field(default_factory=dict)

    def fitting(self, where: Where) -> Numbers:
        """Which conversations are selected and fulfill all conditions."""
        if where not in self._conditions:
            found = self.mask
            for one in where:
                found = found & condition(self.columns[one.column], one)
            self._conditions[where] = found
        return self._conditions[where]

    def counted(self, column: str) -> Numbers:
        """What a sum adds up for each conversation."""
        of = self.columns[column]
        if of.lengths is not None:
            return of.lengths.astype("<i8")
        values = np.maximum(of.values, 0) if column != "cost" else of.values
        if column == "cost" and self.currency is not None:
            words = self.columns["currency"]
            number = words.words.index(self.currency) if self.currency in words.words else -2
            return np.where(words.values == number, values, 0)
        return values


@dataclass(frozen=True, slots=True)
class Places:
    """Values in slices: those of place n are between ``ends[n - 1]`` and ``ends[n]``."""

    order: Numbers | None  #: the order of the values; None: as they are
    ends: Numbers
    keys: Sequence[int] = ()  #: what each place stands for

    def __len__(self) -> int:
        return len(self.ends)


def condition(of: Column, one: Is | Has | Known) -> Numbers:
    """Which conversations fulfill a condition."""
    match one:
        case Is(_, values):
            return _is_one_of(of, values)
        case Has():
            return of.lengths > 0 if of.lengths is not None else of.values > 0
        case Known():
            return of.lengths > 0 if of.lengths is not None else of.values != NULL


def _is_one_of(of: Column, values: Sequence[int | str]) -> Numbers:
    if of.lengths is not None:  # a list: one of its entries
        hits = np.isin(of.values, values)
        owner = np.repeat(np.arange(len(of.lengths)), of.lengths)
        found = np.zeros(len(of.lengths), bool)
        found[owner[hits]] = True
        return found
    numbers = [of.words.index(v) if isinstance(v, str) else v for v in values if _exists(of, v)]
    if len(numbers) == 1:
        return of.values == numbers[0]
    return np.isin(of.values, numbers)


def _exists(of: Column, value: int | str) -> bool:
    return isinstance(value, int) or value in of.words


def by_parts(selection: Selection, parts: Sequence[DayRange]) -> Places:
    """One place for each part of the range. Conversations are in the order of their days."""
    ends = []
    for part in parts:
        last = part.last.isoformat()
        ends.append(sum(count for day, count in selection.columns.days if day <= last))
    return Places(None, np.array(ends, "<i8"))


def whole(selection: Selection) -> Places:
    """One place for everything."""
    return Places(None, np.array([selection.columns.count]))


def by_group(selection: Selection, group: Group) -> Places:
    """One place for each value of the group, among the selected conversations. A conversation with
    several labels is in several places."""
    if group in selection._places:
        return selection._places[group]
    of = selection.columns[group]
    if of.lengths is not None:
        owner = np.repeat(np.arange(len(of.lengths)), of.lengths)
        chosen = selection.mask[owner]
        rows, keys = owner[chosen], of.values[chosen]
    else:
        rows = np.flatnonzero(selection.mask)
        keys = of.values[rows]
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    ends = np.append(starts[1:], len(keys))
    made = Places(rows[order], ends, [int(one) for one in found])
    selection._places[group] = made
    return made


def figure(selection: Selection, of: Figure, places: Places) -> list[Value]:
    """The figure at each place. None: there is nothing that it could be computed from."""
    match of.how:
        case Count(conditions):
            return _sums(selection.fitting(conditions), places)
        case Share(conditions, among):
            base = selection.fitting(among)
            return _shares(
                _sums(selection.fitting(among + conditions), places), _sums(base, places)
            )
        case Sum(column):
            return _sums(_selected(selection, selection.counted(column)), places)
        case SumShare(column, columns):
            counted = [_selected(selection, selection.counted(one)) for one in columns]
            total = _sums(sum(counted[1:], counted[0]), places)
            return _shares(_sums(_selected(selection, selection.counted(column)), places), total)
        case PerConversation(column, conditions):
            sums = _sums(_selected(selection, selection.counted(column)), places)
            counts = _sums(selection.fitting(conditions), places)
            return [
                a / b if a is not None and b else None for a, b in zip(sums, counts, strict=True)
            ]
        case Quantile(column, q):
            return _quantiles(selection, column, q, places)
        case Presence():
            return [None] * len(places)  # store/reports/available.py


def entries(selection: Selection, column: str) -> dict[int, Value]:
    """How often each value is in the lists of the selected conversations."""
    of = selection.columns[column]
    assert of.lengths is not None
    values = of.values[np.repeat(selection.mask, of.lengths)]
    found, counts = np.unique(values, return_counts=True)
    return {int(a): int(n) for a, n in zip(found, counts, strict=True)}


def sums_of(selection: Selection, column: str, places: Places) -> list[Value]:
    """The sum of a column at each place."""
    return _sums(_selected(selection, selection.counted(column)), places)


def _selected(selection: Selection, values: Numbers) -> Numbers:
    return values if selection.mask.all() else np.where(selection.mask, values, 0)


def _sums(values: Numbers, places: Places) -> list[Value]:
    ordered = values if places.order is None else values[places.order]
    totals = np.concatenate([[0], np.cumsum(ordered, dtype="<i8")])
    ends = np.concatenate([[0], places.ends]).astype("<i8")
    return [int(one) for one in np.diff(totals[ends])]


def _shares(parts: Sequence[Value], of: Sequence[Value]) -> list[Value]:
    return [100 * a / b if a is not None and b else None for a, b in zip(parts, of, strict=True)]


def _quantiles(selection: Selection, column: str, q: float, places: Places) -> list[Value]:
    values, ends = _known_values(selection, column, places)
    starts = [0, *ends[:-1]]
    return [quantile(values[a:b], q) for a, b in zip(starts, ends, strict=True)]


def quantile(values: Numbers, q: float) -> Value:
    """The value at this quantile, between two neighbors if need be; None of nothing."""
    if not len(values):
        return None
    at = (len(values) - 1) * q
    low = int(at)
    high = min(low + 1, len(values) - 1)
    parted = np.partition(values, (low, high))
    return round(float(parted[low]) + (float(parted[high]) - float(parted[low])) * (at - low))


def _known_values(selection: Selection, column: str, places: Places) -> tuple[Numbers, list[int]]:
    """The known values in the order of the places, and where each place ends."""
    of = selection.columns[column]
    rows = places.order
    if of.lengths is not None:
        return _listed_values(selection, of, places)
    chosen = (of.values != NULL) & selection.mask
    if rows is not None:
        values, chosen = of.values[rows], chosen[rows]
    else:
        values = of.values
    counts = np.concatenate([[0], np.cumsum(chosen)])
    return values[chosen], [int(counts[end]) for end in places.ends]


def _listed_values(selection: Selection, of: Column, places: Places) -> tuple[Numbers, list[int]]:
    assert of.lengths is not None
    lengths = of.lengths.astype("<i8")
    if places.order is None:
        chosen = np.where(selection.mask, lengths, 0)
        values = of.values[np.repeat(selection.mask, lengths)]
    else:
        rows = places.order
        chosen = lengths[rows]
        begins = np.cumsum(lengths) - lengths
        # where each row's values begin, less where they will begin
        shift = np.repeat(begins[rows] - (np.cumsum(chosen) - chosen), chosen)
        values = of.values[np.arange(int(chosen.sum())) + shift]
    counts = np.concatenate([[0], np.cumsum(chosen)])
    return values, [int(counts[end]) for end in places.ends]


def most_frequent_currency(columns: Columns) -> str | None:
    """The currency of most conversations; None when no price is known."""
    of = columns["currency"]
    known = of.values[of.values != NULL]
    return of.words[int(np.bincount(known).argmax())] if len(known) else None
