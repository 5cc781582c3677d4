"""The results of a report."""

from dataclasses import dataclass, field
from datetime import datetime

from handoff_service.store.reports.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureValue:
    """A figure for the whole range and for the previous range. ``value``: null if there is no data
    for it. ``interval``: the confidence interval, for percentages that have one."""

    figure: str
    value: float | None
    before: float | None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartValues:
    """A day, week or month of the range. ``called``: its label. ``values``: figure -> its value."""

    first: str
    last: str
    called: str
    values: dict[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """A row of the table. ``key``: the filter value that selects its conversations. ``intervals``:
    figure -> its confidence interval, for percentages that have one."""

    key: int | str
    name: str
    values: dict[str, float | None]
    intervals: dict[str, Interval | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResult:
    """A computed report. ``currency``: the currency of its costs; null if no price is known.
    ``as_of``: when the facts of any conversation last changed."""

    report: str
    first: str
    last: str
    first_before: str
    last_before: str
    figures: list[FigureValue]
    parts: list[PartValues]
    group: str
    rows: list[GroupRow]
    currency: str | None
    as_of: datetime | None
