"""API calls for reports: the definitions of figures, computed reports, and the conversations that
they count."""

import re
from dataclasses import dataclass, fields
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import Connection

from handoff_service.errors import BadInput, NotFound
from handoff_service.operations.shared.field_checks import TextPattern
from handoff_service.operations.shared.field_types import Day
from handoff_service.rules.desk.attribute_filters import LONGEST
from handoff_service.rules.reports import ranges
from handoff_service.rules.reports.figures import FIGURES
from handoff_service.rules.reports.filters import Filters
from handoff_service.rules.reports.ranges import DayRange
from handoff_service.rules.reports.reports import REPORTS, Report
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine.database import read_at
from handoff_service.store.reports import export
from handoff_service.store.reports import report as reports
from handoff_service.store.reports.choices import checked
from handoff_service.store.reports.export import ReportedConversation
from handoff_service.store.reports.figure_conversations import ids_after
from handoff_service.store.reports.report_result import ReportResult
from handoff_service.web.api.bodies import Body, Page
from handoff_service.web.api.calls import ApiRequest, get

SUPERVISOR = (Role.SUPERVISOR,)
USUAL = "30"
_CURSOR = TextPattern(
    re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.[0-9]{1,15}"),
    "must be the next cursor of an earlier page",
)


class RangeQuery(Body):
    """``from`` and ``to``: the first and the last day, in the desk's time zone. Send both or
    neither; without them, the report covers the last 30 days."""

    first: Day | None = Field(None, alias="from")
    last: Day | None = Field(None, alias="to")


class FilterQuery(RangeQuery):
    """The filters of a report. The value -1 or ``none`` selects conversations without a value.
    ``attribute``: a value of an attribute of conversations, such as ``urgent=yes``. The attribute
    must have the type choice or yes-no."""

    queue: int | None = None
    number: int | None = None
    agent: int | None = None
    group: int | None = None
    label: int | None = None
    error: int | None = None
    priority: int | None = None
    topic: str | None = Field(None, max_length=200)
    language: str | None = Field(None, max_length=200)
    reason: str | None = Field(None, max_length=200)
    solver: str | None = Field(None, max_length=200)
    attribute: str | None = Field(None, max_length=LONGEST)

    def filters(self, conn: Connection) -> Filters:
        """Return the query's filters. Raises BadInput, which names a filter with an invalid
        value."""
        given = {one.name: getattr(self, one.name) for one in fields(Filters)}
        return checked(conn, Filters(**given))


class ReportQuery(FilterQuery):
    """``by``: how the report groups conversations into rows, such as by queue."""

    by: str | None = None


class ConversationsQuery(FilterQuery):
    """The filters of a report, and a page of the list."""

    cursor: Annotated[str, _CURSOR] | None = None
    limit: int = Field(50, ge=1, le=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureDefinition:
    name: str
    heading: str
    definition: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDefinition:
    """``by``: the groupings that the report supports."""

    name: str
    heading: str
    figures: list[FigureDefinition]
    by: list[str]


@get("/reports", summary="Reports and the definitions of their figures", roles=SUPERVISOR)
async def list_reports(asked: ApiRequest[None, Any]) -> Page[ReportDefinition]:
    return Page(items=[_definition(one) for one in REPORTS.values()], next=None)


@get("/reports/{name}", summary="One report over a range of days", roles=SUPERVISOR)
async def get_report(asked: ApiRequest[None, ReportQuery]) -> ReportResult:
    if asked.name not in REPORTS:
        raise NotFound(f"There is no report “{asked.name[:40]}”.")
    report, query = REPORTS[asked.name], asked.query
    by = query.by or report.groups[0]
    if by not in report.groups:
        raise BadInput(errors={"by": f"must be one of {', '.join(report.groups)}"})

    def read(conn: Connection) -> ReportResult:
        return reports.run(conn, report, _range(conn, query), query.filters(conn), by)

    return await asked.desk.store.for_long_requests().read(read)


@get(
    "/reported-conversations",
    summary="Conversations that began in a range of days, each with the values that reports use",
    roles=SUPERVISOR,
)
async def list_conversations(
    asked: ApiRequest[None, ConversationsQuery],
) -> Page[ReportedConversation]:
    query = asked.query
    day, _, last_id = (query.cursor or "").partition(".")
    cursor, most = (day, int(last_id or 0)), query.limit + 1

    def read(conn: Connection) -> list[ReportedConversation]:
        of, filters = _range(conn, query), query.filters(conn)
        if filters.chosen():
            return export.reported(conn, ids_after(conn, of, filters, cursor, most))
        return export.after(conn, of.first.isoformat(), of.last.isoformat(), cursor, most)

    found = await asked.desk.store.for_long_requests().read(read)
    items = found[: query.limit]
    more = f"{items[-1].day}.{items[-1].id}" if len(found) > query.limit else None
    return Page(items=items, next=more)


def _range(conn: Connection, query: RangeQuery) -> DayRange:
    if query.first is None and query.last is None:
        today = read_at(conn).astimezone(ZoneInfo(desk_time_zone(conn))).date()
        return ranges.preset(USUAL, today)
    try:
        return ranges.chosen(query.first or "", query.last or "")
    except ValueError as error:
        raise BadInput(str(error)) from error


def _definition(report: Report) -> ReportDefinition:
    figures = [FIGURES[name] for name in report.figures]
    return ReportDefinition(
        name=report.name,
        heading=report.heading,
        figures=[
            FigureDefinition(
                name=one.name, heading=one.heading, definition=one.definition, unit=one.unit
            )
            for one in figures
        ],
        by=list(report.groups),
    )
