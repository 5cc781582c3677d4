"""Confidence intervals of percentages. A percentage of few conversations is uncertain."""

from collections.abc import Sequence
from dataclasses import dataclass

from handoff_service.rules.reports.figure_kinds import Figure, Percentage
from handoff_service.rules.reports.intervals import wilson
from handoff_service.store.reports import compute
from handoff_service.store.reports.selection import Groups, Selection


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval, in percent."""

    low: float
    high: float


def intervals(selection: Selection, figure: Figure, groups: Groups) -> Sequence[Interval | None]:
    """Return the interval for each group; None if the group has no data or the figure has no
    interval."""
    how = figure.how
    if not figure.with_interval or not isinstance(how, Percentage):
        return [None] * len(groups)
    parts = compute.counts(selection, how.among + how.where, groups)
    wholes = compute.counts(selection, how.among, groups)
    found = (wilson(part, whole) for part, whole in zip(parts, wholes, strict=True))
    return [Interval(*one) if one is not None else None for one in found]
