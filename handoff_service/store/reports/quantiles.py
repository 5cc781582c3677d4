"""Computes quantiles of each group's known values."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate

import numpy as np

from handoff_service.store.reports.packed_days import NULL, Column, Numbers
from handoff_service.store.reports.selection import Groups, Selection, Value

QS = (0.5, 0.9)  # the quantiles of figures
MAX_SORTED = 1000  # up to this many values are sorted; larger sets may be counted
MAX_CELLS = 1_000_000  # counters in one array, one for each value of each group


def quantiles_of(selection: Selection, column: str, q: float, groups: Groups) -> list[Value]:
    key = column, groups
    if key not in selection._quantiles:
        found = (
            _quantiles_of_slices(selection, column, groups)
            if groups.index is None
            else _quantiles_by_index(selection, column, groups, groups.index)
        )
        selection._quantiles[key] = found
    return [one[QS.index(q)] for one in selection._quantiles[key]]


def _quantiles_of_slices(selection: Selection, column: str, groups: Groups) -> list[list[Value]]:
    values, ends = _known_values(selection, column, groups)
    return [quantiles(one, QS) for one in slices(values, ends)]


def _quantiles_by_index(
    selection: Selection, column: str, groups: Groups, index: Numbers
) -> list[list[Value]]:
    """Count each value of each group in one array. If the range of values is too wide for this,
    sort the values by group."""
    values, of_group = _grouped(selection.columns[column], index, len(groups))
    if not len(values):
        return [[None] * len(QS) for _ in range(len(groups))]
    width = int(values.max()) + 1
    if int(values.min()) >= 0 and width * len(groups) <= MAX_CELLS:
        cells = np.bincount(of_group.astype("<i4") * width + values, minlength=width * len(groups))
        counted = np.cumsum(cells.reshape(len(groups), width), axis=1)
        return [_interpolated(int(one[-1]), QS, partial(_at_ranks, one)) for one in counted]
    ordered = values[np.argsort(of_group, kind="stable")]
    ends = np.cumsum(np.bincount(of_group, minlength=len(groups)))
    return [quantiles(one, QS) for one in slices(ordered, ends)]


def _grouped(of: Column, index: Numbers, count: int) -> tuple[Numbers, Numbers]:
    """Return the known values of the conversations in groups, and the group of each value."""
    of_group = index if of.lengths is None else np.repeat(index, of.lengths)
    known = of_group < count
    if of.lengths is None:
        known &= of.values != NULL
    return of.values[known], of_group[known]


def quantiles(values: Numbers, qs: Sequence[float]) -> list[Value]:
    """Return the values at these quantiles, interpolated between two neighbors; None if there are
    no values."""
    return _interpolated(len(values), qs, partial(_ranked, values))


def _interpolated(
    count: int, qs: Sequence[float], ranked: Callable[[Sequence[int]], list[float]]
) -> list[Value]:
    """Return the values at these quantiles of ``count`` values. ``ranked``: a function that returns
    the values at some ranks."""
    if not count:
        return [None] * len(qs)
    at = [(count - 1) * q for q in qs]
    ranks = [rank for one in at for rank in (int(one), min(int(one) + 1, count - 1))]
    found = ranked(ranks)
    return [
        round(low + (high - low) * (one - int(one)))
        for one, low, high in zip(at, found[::2], found[1::2], strict=True)
    ]


def _ranked(values: Numbers, ranks: Sequence[int]) -> list[float]:
    """Return the values at these ranks. If many values repeat, counting is faster than sorting."""
    if len(values) > MAX_SORTED and int(values.max()) < 4 * len(values):
        return _at_ranks(_counts(values), ranks)
    ordered = np.partition(values, sorted(set(ranks)))
    return [float(ordered[one]) for one in ranks]


def _at_ranks(counted: Numbers, ranks: Sequence[int]) -> list[float]:
    """Return the values at these ranks. ``counted``: for each number, how many values are less than
    or equal to it."""
    return [float(one) for one in np.searchsorted(counted, ranks, side="right")]


def _counts(values: Numbers) -> Numbers:
    """Return for each number how many values are less than or equal to it."""
    found: Numbers = np.cumsum(np.bincount(values))
    return found


def _known_values(selection: Selection, column: str, groups: Groups) -> tuple[Numbers, list[int]]:
    """Return the known values in the order of the groups, and the end of each group."""
    key = column, None if groups.order is None else groups
    if key not in selection._taken:
        of = selection.columns[column]
        take = _numbers if of.lengths is None else _listed
        selection._taken[key] = take(selection, of, groups.order)
    values, counts = selection._taken[key]
    return values, _ends(counts, groups)


def _numbers(selection: Selection, of: Column, rows: Numbers | None) -> tuple[Numbers, Numbers]:
    """Return the known values, and which rows have one. ``rows``: the selected rows in the order of
    the groups; None: the order of the selection."""
    values = of.values if rows is None else of.values[rows]
    known = values != NULL
    if rows is None and not selection.is_whole:
        known &= selection.mask
    return values[known], known


def _listed(selection: Selection, of: Column, rows: Numbers | None) -> tuple[Numbers, Numbers]:
    """Return the values of lists, and how many each row has."""
    assert of.lengths is not None
    lengths = of.lengths.astype("<i8")
    if rows is None and selection.is_whole:
        return of.values, lengths
    if rows is None:
        return of.values[np.repeat(selection.mask, lengths)], lengths * selection.mask
    counts = lengths[rows]
    begins = np.cumsum(lengths) - lengths
    # for each row: its first index in the input, minus its first index in the result
    shift = np.repeat(begins[rows] - (np.cumsum(counts) - counts), counts)
    return of.values[np.arange(len(shift)) + shift], counts


def _ends(chosen: Numbers, groups: Groups) -> list[int]:
    """Return the end of each group. ``chosen``: how many values each row has."""
    counts = [int(one.sum(dtype="<i8")) for one in slices(chosen, groups.ends)]
    return list(accumulate(counts))


def slices(values: Numbers, ends: Iterable[int]) -> Iterator[Numbers]:
    start = 0
    for end in ends:
        yield values[start:end]
        start = end
