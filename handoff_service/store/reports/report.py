"""Computes a report over a range of days: its figures, its charts and a table."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, select

from handoff_service.rules.reports.figure_kinds import AvailableTime, Figure, Is, Sum
from handoff_service.rules.reports.figures import FIGURES
from handoff_service.rules.reports.filters import NONE, Filters
from handoff_service.rules.reports.ranges import ChartInterval, DayRange, chart_intervals
from handoff_service.rules.reports.reports import GROUPS, GroupBy, Report
from handoff_service.store.engine import tables as t
from handoff_service.store.reports import compute, grouping
from handoff_service.store.reports.available import seconds_available
from handoff_service.store.reports.facts import newest_change
from handoff_service.store.reports.group_names import names_of
from handoff_service.store.reports.intervals import Interval, intervals
from handoff_service.store.reports.packed_days import NULL, columns
from handoff_service.store.reports.report_result import (
    FigureValue,
    GroupRow,
    PartValues,
    ReportResult,
)
from handoff_service.store.reports.selection import (
    Groups,
    Selection,
    Value,
    condition,
    most_frequent_currency,
)

_AGENT = "agent"


def run(
    conn: Connection, report: Report, of: DayRange, filters: Filters, group: str
) -> ReportResult:
    """Compute a report. ``group``: a key of ``GROUPS``."""
    figures = [FIGURES[name] for name in report.figures]
    current = _selection(conn, figures, of, filters, group=GROUPS[group][0])
    before = _selection(conn, figures, of.before(), filters, currency=current.currency)
    drawn = [FIGURES[name] for chart in report.charts for name in chart]
    return ReportResult(
        report=report.name,
        first=of.first.isoformat(),
        last=of.last.isoformat(),
        first_before=of.before().first.isoformat(),
        last_before=of.before().last.isoformat(),
        figures=[
            FigureValue(
                figure=one.name,
                value=_whole(conn, current, one, of, filters),
                before=_whole(conn, before, one, of.before(), filters),
                interval=intervals(current, one, grouping.whole(current))[0],
            )
            for one in figures
        ],
        parts=_parts(current, drawn, chart_intervals(of)),
        group=group,
        rows=_rows(conn, current, figures, of, filters, group),
        currency=current.currency,
        as_of=newest_change(conn),
    )


def _selection(
    conn: Connection,
    figures: Iterable[Figure],
    of: DayRange,
    filters: Filters,
    *,
    group: GroupBy | None = None,
    currency: str | None = None,
) -> Selection:
    needed = {column for one in figures for column in one.columns}
    if group is not None:
        needed.add(group)
    return select_conversations(conn, needed, of, filters, currency)


def select_conversations(
    conn: Connection, names: set[str], of: DayRange, filters: Filters, currency: str | None = None
) -> Selection:
    """Return the conversations that began in the range and match the filters, with these
    columns."""
    conditions = _conditions(conn, filters)
    found = columns(conn, of, names | {one.column for one in conditions})
    mask = np.ones(found.count, bool)
    for one in conditions:
        mask &= condition(found[one.column], one)
    if currency is None and "currency" in names:
        currency = most_frequent_currency(found)
    return Selection(found, mask, currency)


def _conditions(conn: Connection, filters: Filters) -> list[Is]:
    conditions = []
    for name, value in filters.chosen().items():
        if name == "group":
            conditions.append(Is("agent_id", tuple(_agents_of(conn, int(value)))))
        else:
            conditions.append(Is(GROUPS[name][0], (value if value != NONE else NULL,)))
    return conditions


def _agents_of(conn: Connection, group_id: int) -> list[int]:
    of = t.agent_groups
    return list(conn.execute(select(of.c.agent_id).where(of.c.group_id == group_id)).scalars())


def _whole(
    conn: Connection, found: Selection, figure: Figure, of: DayRange, filters: Filters
) -> float | None:
    if isinstance(figure.how, AvailableTime):
        available = sum(seconds_available(conn, of, _agents(conn, filters)).values())
        handling = found.counted("handling")[found.mask].sum() if figure.how.load else 0
        return _available_time(figure.how, float(handling), available)
    return compute.figure(found, figure, grouping.whole(found))[0]


def _available_time(how: AvailableTime, handling: float, available: int) -> float | None:
    if not how.load:
        return available
    return float(handling) / available if available else None


def _agents(conn: Connection, filters: Filters) -> list[int] | None:
    if filters.agent is not None:
        return [filters.agent]
    return _agents_of(conn, filters.group) if filters.group is not None else None


def _parts(
    found: Selection, figures: Sequence[Figure], of: Sequence[ChartInterval]
) -> list[PartValues]:
    groups = grouping.by_intervals(found, [DayRange(one.first, one.last) for one in of])
    values = {one.name: compute.figure(found, one, groups) for one in figures}
    return [
        PartValues(
            first=part.first.isoformat(),
            last=part.last.isoformat(),
            called=part.label,
            values={name: of_all[n] for name, of_all in values.items()},
        )
        for n, part in enumerate(of)
    ]


def _rows(
    conn: Connection,
    found: Selection,
    figures: Sequence[Figure],
    of: DayRange,
    filters: Filters,
    group: str,
) -> list[GroupRow]:
    """Return the rows of the table, sorted by the first figure, highest first."""
    column = GROUPS[group][0]
    known: dict[str, dict[int, Interval | None]] = {}
    if column is GroupBy.ERROR:
        values = {"failed": compute.entries(found, column)}
    else:
        groups = grouping.by_group(found, column)
        values = {
            one.name: compute.entries(found, _listed(one))
            if _is_listed(one, group)
            else dict(zip(groups.keys, compute.figure(found, one, groups), strict=True))
            for one in figures
        }
        known = {
            one.name: dict(zip(groups.keys, intervals(found, one, groups), strict=True))
            for one in figures
            if one.with_interval
        }
        if group == _AGENT:
            values |= _available_times(conn, found, figures, groups, of, filters)
    keys = {key for of_one in values.values() for key in of_one}
    words = found.columns[column].words
    named = names_of(conn, group, keys, words)
    rows = [
        GroupRow(
            key=_key(key, words),
            name=named[key],
            values={one.name: values.get(one.name, {}).get(key) for one in figures},
            intervals={name: of_each.get(key) for name, of_each in known.items()},
        )
        for key in keys
    ]
    return sorted(rows, key=lambda row: (-_first(row, figures), row.name))


def _first(row: GroupRow, figures: Sequence[Figure]) -> float:
    return next((v for one in figures if (v := row.values[one.name]) is not None), 0)


def _key(key: int, words: Sequence[str]) -> int | str:
    if not words:
        return key
    return words[key] if key != NULL else NONE


def _is_listed(figure: Figure, group: str) -> bool:
    return group == _AGENT and _listed(figure) in compute.OF_AGENTS


def _listed(figure: Figure) -> str:
    return figure.how.column if isinstance(figure.how, Sum) else ""


def _available_times(
    conn: Connection,
    found: Selection,
    figures: Sequence[Figure],
    groups: Groups,
    of: DayRange,
    filters: Filters,
) -> Mapping[str, dict[int, Value]]:
    """Return the figures about presence for each agent."""
    wanted = [one for one in figures if isinstance(one.how, AvailableTime)]
    if not wanted:
        return {}
    available = seconds_available(conn, of, _agents(conn, filters))
    sums = compute.sums_of(found, "handling", groups)
    handling = dict(zip(groups.keys, sums, strict=True))
    return {
        one.name: {
            agent: _available_time(one.how, handling.get(agent) or 0, seconds)
            for agent, seconds in available.items()
            if isinstance(one.how, AvailableTime)
        }
        for one in wanted
    }
