"""Compute figures from columns. Handles each kind of figure (``Count``, ``Percentage``…). No
figure's name appears here."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from handoff_service.rules.reports.figures import (
    AvailableTime,
    Count,
    Figure,
    Has,
    Is,
    Known,
    Percentage,
    PerConversation,
    Quantile,
    Sum,
    SumPercentage,
    Where,
)
from handoff_service.rules.reports.ranges import DayRange
from handoff_service.rules.reports.reports import GroupBy
from handoff_service.store.reports.packed_days import NULL, Column, Columns, Numbers

QS = (0.5, 0.9)  # the quantiles of figures
SMALL = 1000  # values that are sorted
#: In a table by agent, these count for the agents that they list.
OF_AGENTS = frozenset({"answered_by", "accepted_by", "declined_by", "expired_by"})

type Value = int | float | None


@dataclass(slots=True)
class Selection:
    """Conversations of some columns. ``mask``: which of them fit the filters."""

    columns: Columns
    mask: Numbers
    currency: str | None = None  #: the one whose costs count
    is_whole: bool = field(init=False)  #: whether all of them fit
    _conditions: dict[Where, Numbers] = field(default_factory=dict)
    _groups: dict[GroupBy | None, "Groups"] = field(default_factory=dict)
    _quantiles: dict[tuple[str, "Groups"], list[list[Value]]] = field(default_factory=dict)
    _taken: dict[tuple[str, "Groups | None"], tuple[Numbers, Numbers]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.is_whole = bool(self.mask.all())

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


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Values in slices: those of group n are between ``ends[n - 1]`` and ``ends[n]``."""

    order: Numbers | None  #: the order of the values; None: as they are
    ends: Numbers
    keys: Sequence[int] = ()  #: whof each group stands for

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


def by_intervals(selection: Selection, intervals: Sequence[DayRange]) -> Groups:
    """One group for each interval. Conversations are in the order of their days."""
    ends = []
    for one in intervals:
        last = one.last.isoformat()
        ends.append(sum(count for day, count in selection.columns.days if day <= last))
    return Groups(None, np.array(ends, "<i8"))


def whole(selection: Selection) -> Groups:
    """One group for everything."""
    if None not in selection._groups:
        selection._groups[None] = Groups(None, np.array([selection.columns.count]))
    return selection._groups[None]


def by_group(selection: Selection, group: GroupBy) -> Groups:
    """One group for each value of the column, among the selected conversations. A conversation with
    several labels is in several groups."""
    if group in selection._groups:
        return selection._groups[group]
    of = selection.columns[group]
    if of.lengths is not None:
        owner = np.repeat(np.arange(len(of.lengths)), of.lengths)
        chosen = selection.mask[owner]
        rows, keys = owner[chosen], of.values[chosen]
    else:
        rows = np.flatnonzero(selection.mask)
        keys = of.values[rows]
    order = np.argsort(_short(keys), kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    ends = np.append(starts[1:], len(keys))[: len(found)]  # no groups if there are no rows
    made = Groups(rows[order], ends, [int(one) for one in found])
    selection._groups[group] = made
    return made


def _short(keys: Numbers) -> Numbers:
    """Keys in two bytes if they fit, which sorts ten times as fast."""
    if not len(keys):
        return keys
    low, high = int(keys.min()), int(keys.max())
    return (keys - low).astype("<u2") if high - low < 65_536 else keys


def figure(selection: Selection, of: Figure, groups: Groups) -> list[Value]:
    """The figure of each group. None: there is nothing that it could be computed from."""
    match of.how:
        case Count(conditions):
            return _sums(selection.fitting(conditions), groups)
        case Percentage(conditions, base):
            fitting = _sums(selection.fitting(base + conditions), groups)
            return _shares(fitting, _sums(selection.fitting(base), groups))
        case Sum(column):
            return sums_of(selection, column, groups)
        case SumPercentage(column, columns):
            totals = [sums_of(selection, one, groups) for one in columns]
            among: list[Value] = [
                sum(one or 0 for one in each) for each in zip(*totals, strict=True)
            ]
            return _shares(sums_of(selection, column, groups), among)
        case PerConversation(column, conditions):
            sums = sums_of(selection, column, groups)
            counts = _sums(selection.fitting(conditions), groups)
            return [
                a / b if a is not None and b else None for a, b in zip(sums, counts, strict=True)
            ]
        case Quantile(column, q):
            return _quantiles(selection, column, q, groups)
        case AvailableTime():
            return [None] * len(groups)  # store/reports/available.py


def counts(selection: Selection, where: Where, groups: Groups) -> list[int]:
    """How many conversations of each group fit."""
    return [int(one or 0) for one in _sums(selection.fitting(where), groups)]


def entries(selection: Selection, column: str) -> dict[int, Value]:
    """How often each value is in the lists of the selected conversations."""
    of = selection.columns[column]
    assert of.lengths is not None
    values = of.values[np.repeat(selection.mask, of.lengths)]
    found, counts = np.unique(values, return_counts=True)
    return {int(a): int(n) for a, n in zip(found, counts, strict=True)}


def sums_of(selection: Selection, column: str, groups: Groups) -> list[Value]:
    """The sum of a column of each group."""
    return _sums(_selected(selection, selection.counted(column)), groups)


def _selected(selection: Selection, values: Numbers) -> Numbers:
    return values if selection.is_whole else values * selection.mask


def _sums(values: Numbers, groups: Groups) -> list[Value]:
    ordered = values if groups.order is None else values[groups.order]
    return [int(one.sum(dtype="<i8")) for one in _slices(ordered, groups.ends)]


def _slices(values: Numbers, ends: Iterable[int]) -> Iterator[Numbers]:
    start = 0
    for end in ends:
        yield values[start:end]
        start = end


def _shares(parts: Sequence[Value], of: Sequence[Value]) -> list[Value]:
    return [100 * a / b if a is not None and b else None for a, b in zip(parts, of, strict=True)]


def _quantiles(selection: Selection, column: str, q: float, groups: Groups) -> list[Value]:
    key = column, groups
    if key not in selection._quantiles:
        values, ends = _known_values(selection, column, groups)
        selection._quantiles[key] = [quantiles(one, QS) for one in _slices(values, ends)]
    return [one[QS.index(q)] for one in selection._quantiles[key]]


def quantiles(values: Numbers, qs: Sequence[float]) -> list[Value]:
    """The values at these quantiles, interpolated between two neighbors. None if there are no
    values."""
    if not len(values):
        return [None] * len(qs)
    at = [(len(values) - 1) * q for q in qs]
    ranks = [rank for one in at for rank in (int(one), min(int(one) + 1, len(values) - 1))]
    found = _ranked(values, ranks)
    return [
        round(low + (high - low) * (one - int(one)))
        for one, low, high in zip(at, found[::2], found[1::2], strict=True)
    ]


def _ranked(values: Numbers, ranks: Sequence[int]) -> list[float]:
    """The values of these ranks. When many values repeat, counting each value is faster than
    sorting."""
    if len(values) > SMALL and int(values.max()) < 2 * len(values):
        return [float(one) for one in np.searchsorted(_counts(values), ranks, side="right")]
    ordered = np.sort(values)
    return [float(ordered[one]) for one in ranks]


def _counts(values: Numbers) -> Numbers:
    """For each number, how many values are at most as large."""
    found: Numbers = np.cumsum(np.bincount(values))
    return found


def _known_values(selection: Selection, column: str, groups: Groups) -> tuple[Numbers, list[int]]:
    """The known values in the order of the groups, and where each group ends."""
    key = column, None if groups.order is None else groups
    if key not in selection._taken:
        of = selection.columns[column]
        take = _numbers if of.lengths is None else _listed
        selection._taken[key] = take(selection, of, groups.order)
    values, counts = selection._taken[key]
    return values, _ends(counts, groups)


def _numbers(selection: Selection, of: Column, rows: Numbers | None) -> tuple[Numbers, Numbers]:
    """The known values, and which rows have one. ``rows``: the selected ones in another order."""
    values = of.values if rows is None else of.values[rows]
    known = values != NULL
    if rows is None and not selection.is_whole:
        known &= selection.mask
    return values[known], known


def _listed(selection: Selection, of: Column, rows: Numbers | None) -> tuple[Numbers, Numbers]:
    """The values of lists, and how many each row has."""
    assert of.lengths is not None
    lengths = of.lengths.astype("<i8")
    if rows is None and selection.is_whole:
        return of.values, lengths
    if rows is None:
        return of.values[np.repeat(selection.mask, lengths)], lengths * selection.mask
    counts = lengths[rows]
    begins = np.cumsum(lengths) - lengths
    # where each row's values begin, less where they will begin
    shift = np.repeat(begins[rows] - (np.cumsum(counts) - counts), counts)
    return of.values[np.arange(len(shift)) + shift], counts


def _ends(chosen: Numbers, groups: Groups) -> list[int]:
    """The end of each group, given how many values each row contributes."""
    counts = [int(one.sum(dtype="<i8")) for one in _slices(chosen, groups.ends)]
    return list(accumulate(counts))


def most_frequent_currency(columns: Columns) -> str | None:
    """The currency of most conversations; None when no price is known."""
    of = columns["currency"]
    known = of.values[of.values != NULL]
    return of.words[int(np.bincount(known).argmax())] if len(known) else None
