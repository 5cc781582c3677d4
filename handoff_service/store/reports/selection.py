"""The conversations that match a report's filters, their columns and their groups."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from handoff_service.rules.reports.figure_kinds import Has, Is, Known, Where
from handoff_service.rules.reports.reports import GroupBy
from handoff_service.store.reports.packed_days import NULL, Column, Columns, Numbers

type Value = int | float | None


@dataclass(slots=True)
class Selection:
    """Columns of conversations. ``mask``: which of the conversations match the filters."""

    columns: Columns
    mask: Numbers
    currency: str | None = None  #: only costs in this currency count
    is_whole: bool = field(init=False)  #: whether all conversations match
    _conditions: dict[Where, Numbers] = field(default_factory=dict)
    _groups: dict[GroupBy | None, "Groups"] = field(default_factory=dict)
    _quantiles: dict[tuple[str, "Groups"], list[list[Value]]] = field(default_factory=dict)
    _taken: dict[tuple[str, "Groups | None"], tuple[Numbers, Numbers]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.is_whole = bool(self.mask.all())

    def matching(self, where: Where) -> Numbers:
        """Return which conversations match the filters and all these conditions."""
        if where not in self._conditions:
            found = self.mask
            for one in where:
                found = found & condition(self.columns[one.column], one)
            self._conditions[where] = found
        return self._conditions[where]

    def counted(self, column: str) -> Numbers:
        """Return the number that each conversation adds to a sum."""
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
    """Conversations in groups. The groups are either slices, or defined by ``index``. The slice of
    group n starts at ``ends[n - 1]`` and ends before ``ends[n]``."""

    #: the order of the conversations in the slices; None: the order of the selection
    order: Numbers | None
    ends: Numbers
    keys: Sequence[int] = ()  #: the key of each group, such as a queue's id
    #: the group of each conversation (``len(groups)`` for no group); None: the groups are slices
    index: Numbers | None = None

    def __len__(self) -> int:
        return len(self.ends)


def condition(of: Column, one: Is | Has | Known) -> Numbers:
    """Return which conversations fulfill a condition."""
    match one:
        case Is(_, values):
            return _is_one_of(of, values)
        case Has():
            return of.lengths > 0 if of.lengths is not None else of.values > 0
        case Known():
            return of.lengths > 0 if of.lengths is not None else of.values != NULL


def _is_one_of(of: Column, values: Sequence[int | str]) -> Numbers:
    numbers = [of.words.index(v) if isinstance(v, str) else v for v in values if _exists(of, v)]
    if (
        of.lengths is not None
    ):  # for a list: it has one of the values, or it is empty and NULL is among the values
        hits = np.isin(of.values, numbers)
        owner = np.repeat(np.arange(len(of.lengths)), of.lengths)
        found = of.lengths == 0 if NULL in numbers else np.zeros(len(of.lengths), bool)
        found[owner[hits]] = True
        return found
    if len(numbers) == 1:
        return of.values == numbers[0]
    return np.isin(of.values, numbers)


def _exists(of: Column, value: int | str) -> bool:
    return isinstance(value, int) or value in of.words


def most_frequent_currency(columns: Columns) -> str | None:
    """Return the currency of most conversations; None if no price is known."""
    of = columns["currency"]
    known = of.values[of.values != NULL]
    return of.words[int(np.bincount(known).argmax())] if len(known) else None
