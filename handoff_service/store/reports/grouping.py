"""Groups the selected conversations by intervals of days, or by the values of a column."""

from collections.abc import Sequence

import numpy as np

from handoff_service.rules.reports.ranges import DayRange
from handoff_service.rules.reports.reports import GroupBy
from handoff_service.store.reports.packed_days import Column, Numbers
from handoff_service.store.reports.selection import Groups, Selection


def by_intervals(selection: Selection, intervals: Sequence[DayRange]) -> Groups:
    """Return one group for each interval. This relies on the order of the conversations by day."""
    ends = []
    for one in intervals:
        last = one.last.isoformat()
        ends.append(sum(count for day, count in selection.columns.days if day <= last))
    return Groups(None, np.array(ends, "<i8"))


def whole(selection: Selection) -> Groups:
    """Return a single group with all conversations."""
    if None not in selection._groups:
        selection._groups[None] = Groups(None, np.array([selection.columns.count]))
    return selection._groups[None]


def by_group(selection: Selection, group: GroupBy) -> Groups:
    """Return one group for each value of the column among the selected conversations. A
    conversation with several labels is in several groups."""
    if group not in selection._groups:
        of = selection.columns[group]
        found = _by_value(selection, of) if of.lengths is None else _by_entry(selection, of)
        selection._groups[group] = found
    return selection._groups[group]


def _by_value(selection: Selection, of: Column) -> Groups:
    keys, places = places_of(of.values)
    chosen = places if selection.is_whole else places[selection.mask]
    counts = np.bincount(chosen, minlength=len(keys))
    present = np.flatnonzero(counts)
    count = len(present)
    numbers = np.full(len(keys), count, np.min_scalar_type(count))
    numbers[present] = np.arange(count)
    index = numbers[places]
    if not selection.is_whole:
        index[~selection.mask] = count
    found = [int(keys[one]) for one in present]
    return Groups(None, np.cumsum(counts[present]), found, index)


def places_of(values: Numbers) -> tuple[Numbers, Numbers]:
    """Return the possible values in order, and the index of each value among them."""
    if not len(values):
        return values, values
    low, high = int(values.min()), int(values.max())
    if high - low < 65_536:
        return np.arange(low, high + 1), values - low
    found, places = np.unique(values, return_inverse=True)
    return found, places


def _by_entry(selection: Selection, of: Column) -> Groups:
    assert of.lengths is not None
    owner = np.repeat(np.arange(len(of.lengths)), of.lengths)
    chosen = selection.mask[owner]
    rows, keys = owner[chosen], of.values[chosen]
    order = np.argsort(_as_two_bytes(keys), kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    ends = np.append(starts[1:], len(keys))[: len(found)]  # an empty selection has no groups
    return Groups(rows[order], ends, [int(one) for one in found])


def _as_two_bytes(keys: Numbers) -> Numbers:
    """Convert keys to two bytes if they fit, because NumPy sorts those ten times as fast."""
    if not len(keys):
        return keys
    low, high = int(keys.min()), int(keys.max())
    return (keys - low).astype("<u2") if high - low < 65_536 else keys
