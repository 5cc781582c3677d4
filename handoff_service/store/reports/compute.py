"""Computes figures from columns. It handles each type of figure (``Count``, ``Percentage``…) and
does not know the figures' names."""

from collections.abc import Sequence

import numpy as np

from handoff_service.rules.reports.figure_kinds import (
    AvailableTime,
    Count,
    Figure,
    Percentage,
    PerConversation,
    Quantile,
    Sum,
    SumPercentage,
    Where,
)
from handoff_service.store.reports.grouping import places_of
from handoff_service.store.reports.packed_days import Numbers
from handoff_service.store.reports.quantiles import quantiles_of, slices
from handoff_service.store.reports.selection import Groups, Selection, Value

#: In a table by agent, these columns count for the agents in their lists.
OF_AGENTS = frozenset({"answered_by", "accepted_by", "declined_by", "expired_by"})


def figure(selection: Selection, of: Figure, groups: Groups) -> list[Value]:
    """Return the figure for each group; None if the group has no data for it."""
    match of.how:
        case Count(conditions):
            return _sums(selection.matching(conditions), groups)
        case Percentage(conditions, base):
            matching = _sums(selection.matching(base + conditions), groups)
            return _shares(matching, _sums(selection.matching(base), groups))
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
            counts = _sums(selection.matching(conditions), groups)
            return [
                a / b if a is not None and b else None for a, b in zip(sums, counts, strict=True)
            ]
        case Quantile(column, q):
            return quantiles_of(selection, column, q, groups)
        case AvailableTime():
            return [None] * len(groups)  # store/reports/available.py computes these


def counts(selection: Selection, where: Where, groups: Groups) -> list[int]:
    """Return how many conversations of each group match."""
    return [int(one or 0) for one in _sums(selection.matching(where), groups)]


def entries(selection: Selection, column: str) -> dict[int, Value]:
    """Return how often each value occurs in the lists of the selected conversations."""
    of = selection.columns[column]
    assert of.lengths is not None
    values = of.values
    if not selection.is_whole:
        values = values[np.repeat(selection.mask, of.lengths)]
    keys, places = places_of(values)
    counts = np.bincount(places, minlength=len(keys))
    return {int(keys[one]): int(counts[one]) for one in np.flatnonzero(counts)}


def sums_of(selection: Selection, column: str, groups: Groups) -> list[Value]:
    """Return the sum of a column for each group."""
    return _sums(_selected(selection, selection.counted(column)), groups)


def _selected(selection: Selection, values: Numbers) -> Numbers:
    return values if selection.is_whole else values * selection.mask


def _sums(values: Numbers, groups: Groups) -> list[Value]:
    if groups.index is not None:
        # bincount adds floating-point numbers, which are exact up to 9 * 10**15
        found = np.bincount(groups.index, weights=values, minlength=len(groups) + 1)
        return [int(one) for one in found[: len(groups)]]
    ordered = values if groups.order is None else values[groups.order]
    return [int(one.sum(dtype="<i8")) for one in slices(ordered, groups.ends)]


def _shares(parts: Sequence[Value], of: Sequence[Value]) -> list[Value]:
    return [100 * a / b if a is not None and b else None for a, b in zip(parts, of, strict=True)]
