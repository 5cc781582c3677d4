"""The data of a computed report."""

from dataclasses import dataclass, field
from datetime import datetime

from handoff_service.store.reports.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureValue:
    """A figure over the whole range, and over the range before. ``value`` null: there is nothing
    that it could be computed from. ``interval``: of percentages that have one."""

    figure: str
    value: float | None
    before: float | None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartValues:
    """A day, week or month of the range. ``values``: figure -> its value."""

    first: str
    last: str
    called: str
    values: dict[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """A row of the table. ``key``: the value of the filter that selects it; ``intervals``: figure
    -> its interval, for percentages that have one."""

    key: int | str
    name: str
    values: dict[str, float | None]
    intervals: dict[str, Interval | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResult:
    """A computed report. ``currency``: of its costs; null: no price is known. ``as_of``: when its
    facts last changed."""

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
