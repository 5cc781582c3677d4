"""The report pages, with figures, charts and a table, and the pages that list the conversations
behind a figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import NotFound
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.reports.figure_kinds import (
    AvailableTime,
    Figure,
    PerConversation,
    SumPercentage,
    Unit,
)
from handoff_service.rules.reports.figures import FIGURES
from handoff_service.rules.reports.ranges import PRESETS, interval_name
from handoff_service.rules.reports.reports import GROUPS, REPORTS, TABLE_HEADINGS, Report
from handoff_service.rules.shared.phrases import Phrase, joined, phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.reports import report as reports
from handoff_service.store.reports.choices import FilterChoice, filter_choices
from handoff_service.store.reports.export import ReportedConversation, reported
from handoff_service.store.reports.figure_conversations import (
    CountedConversations,
    conversations_of,
)
from handoff_service.store.reports.report_result import ReportResult
from handoff_service.web.shared.charts import Bars, bars, ticks
from handoff_service.web.shared.figure_words import figure_value
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import desk_of, page, trains
from handoff_service.web.supervisor.report_address import ReportQuery, read

HERE = "/supervisor/reports"
FIRST = "volume"
PAGE = 50
INTERVALS = {"month": phrase("Month"), "week": phrase("Week"), "day": phrase("Day")}
MOST_ROWS = 100  # rows of a table on the page; the CSV file has all rows


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnChart:
    """A chart of one or two figures."""

    heading: str
    figures: Sequence[Figure]
    bars: Bars
    ticks: Sequence[str]
    spoken: Sequence[str]  #: the values of each interval as text, for screen readers


@page(Role.SUPERVISOR)
async def first_report(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _report_page(request, agent, FIRST)


@page(Role.SUPERVISOR)
async def report_page(request: Request, name: str, agent: CurrentAgent) -> HTTPResponse:
    return await _report_page(request, agent, name)


def report_of(name: str) -> Report:
    """Return the report with this name. Raises NotFound for an unknown name."""
    if name not in REPORTS:
        raise NotFound(phrase("There is no report “{name}”.", name=name[:40]))
    return REPORTS[name]


async def _report_page(request: Request, agent: CurrentAgent, name: str) -> HTTPResponse:
    report = report_of(name)
    shell = await shell_context(request, agent, place="supervisor")
    store = desk_of(request).store.for_long_requests()

    def load(
        conn: Connection,
    ) -> tuple[ReportQuery, ReportResult, Mapping[str, list[FilterChoice]]]:
        asked = read(request, conn, report)
        found = reports.run(conn, report, asked.of, asked.filters, asked.by)
        return asked, found, filter_choices(conn)

    asked, found, choices = await store.read(load)
    interval = interval_name(asked.of)
    charts = [_drawn(found, [FIGURES[one] for one in chart], interval) for chart in report.charts]
    return render(
        "report.html",
        status=400 if asked.error else 200,
        **shell
        | _of_range(asked)
        | {
            "report": report,
            "reports": REPORTS.values(),
            "found": found,
            "figures": FIGURES,
            "charts": charts,
            "grades": [one for one in found.figures if one.figure.startswith("grade_")],
            "choices": choices,
            "groups": {
                one: GROUPS[one][1]
                for one in report.groups
                if one != "attribute" or choices["attribute"]
            },
            "heading": GROUPS[asked.by][1],
            "table_heading": TABLE_HEADINGS[asked.by],
            "rows": found.rows[:MOST_ROWS],
            "hidden_rows": max(len(found.rows) - MOST_ROWS, 0),
            "part": INTERVALS[interval_name(asked.of)],
            "is_empty": not any(one.value for one in found.figures),
            "may_teach": trains(agent),
            "label_names": {one.label for one in choices["label"]},
        },
    )


def _of_range(asked: ReportQuery) -> dict[str, Any]:
    return {"asked": asked, "presets": PRESETS, "here": f"/workspace{HERE}"}


def _drawn(found: ReportResult, figures: Sequence[Figure], interval: str) -> DrawnChart:
    values = [[part.values[one.name] for one in figures] for part in found.parts]
    pairs = [(float(row[0] or 0), float(row[1] or 0) if len(row) > 1 else 0.0) for row in values]
    chart = bars(pairs, places=min(len(pairs), 12))
    unit = figures[0].unit
    return DrawnChart(
        heading=_chart_heading(figures, interval),
        figures=figures,
        bars=chart,
        ticks=[figure_value(one, unit, found.currency) for one in ticks(chart.highest)],
        spoken=[
            _values_in_words(part.called, row, figures, found)
            for part, row in zip(found.parts, values, strict=True)
        ],
    )


def _values_in_words(
    label: str, row: Sequence[float | None], figures: Sequence[Figure], found: ReportResult
) -> str:
    values = [
        phrase(
            "{figure} {value}",
            figure=one.heading,
            value=figure_value(value, one.unit, found.currency),
        )
        for one, value in zip(figures, row, strict=True)
    ]
    return phrase("{interval}: {values}", interval=label, values=joined(", ", values))


def _chart_heading(figures: Sequence[Figure], interval: str) -> Phrase:
    named = figures[0].heading
    if len(figures) > 1:
        named = phrase("{first} and {second}", first=named, second=figures[1].heading)
    match interval:
        case "month":
            return phrase("{figures}, by month", figures=named)
        case "week":
            return phrase("{figures}, by week", figures=named)
        case _:
            return phrase("{figures}, by day", figures=named)


def asked_figure(request: Request) -> Figure:
    """Return the figure in the address, by default the figure that counts all conversations. Raises
    NotFound for an unknown figure."""
    name = request.args.get("figure") or "conversations"
    if name not in FIGURES:
        raise NotFound(phrase("There is no figure “{name}”.", name=name[:40]))
    return FIGURES[name]


@page(Role.SUPERVISOR)
async def conversations_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """List the conversations that a figure counts: those with the largest values first or, if they
    have no values, the newest first."""
    figure = asked_figure(request)
    name = figure.name
    given = request.args.get("skip") or ""
    skip = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
    shell = await shell_context(request, agent, place="supervisor")

    def load(
        conn: Connection,
    ) -> tuple[ReportQuery, CountedConversations, list[ReportedConversation]]:
        asked = read(request, conn)
        counted = conversations_of(conn, figure, asked.of, asked.filters, skip=skip, most=PAGE)
        return asked, counted, reported(conn, counted.ids)

    asked, counted, rows = await desk_of(request).store.for_long_requests().read(load)
    return render(
        "report_conversations.html",
        status=400 if asked.error else 200,
        **shell
        | _of_range(asked)
        | {
            "figure": figure,
            "counted": counted,
            "rows": rows,
            "skip": skip,
            "unit": _unit_of_one(figure),
            "shows_grades": name in REPORTS["satisfaction"].figures,
            "next_skip": skip + PAGE if skip + PAGE < counted.count else None,
            "back": next(one.name for one in REPORTS.values() if name in one.figures),
        },
    )


def _unit_of_one(figure: Figure) -> Unit:
    """Return the unit of one conversation's value. For a percentage of two sums, each conversation
    has a count."""
    if isinstance(figure.how, AvailableTime):
        return Unit.SECONDS
    if isinstance(figure.how, PerConversation):
        return Unit.MONEY if figure.how.column == "cost" else Unit.COUNT
    return Unit.COUNT if isinstance(figure.how, SumPercentage) else figure.unit


PAGES: dict[str, Any] = {
    HERE: first_report,
    f"{HERE}/conversations": conversations_page,
    f"{HERE}/<name:str>": report_page,
}
