"""CSV downloads of reports: a report's table, its values by day, or one row per conversation."""

from collections.abc import Iterable, Sequence
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse, raw
from sqlalchemy import Connection

from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.audit import audit, exported
from handoff_service.rules.desk.attributes import AttributeOwner
from handoff_service.rules.desk.audit import Subject
from handoff_service.rules.reports.columns import COLUMNS
from handoff_service.rules.reports.figure_kinds import Figure
from handoff_service.rules.reports.figures import FIGURES
from handoff_service.rules.reports.reports import GROUPS
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import attributes
from handoff_service.store.engine.store import Store
from handoff_service.store.reports import export
from handoff_service.store.reports import report as reports
from handoff_service.store.reports.export import ReportedConversation
from handoff_service.store.reports.figure_conversations import ids_of_day
from handoff_service.store.reports.report_result import GroupRow, ReportResult
from handoff_service.web.shared.csv_files import CSV, csv_headers, csv_lines
from handoff_service.web.shared.figure_words import plain
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.supervisor.report_address import ReportQuery, strict
from handoff_service.web.supervisor.reports import HERE, asked_figure, report_of

AT_ONCE = 500  # conversations per database read
OF_CONVERSATION = (
    "number", "day", "opened_at", "closed_at", "state", "requester_number", "provider_number",
    "user", "queue", "agent", "short_description", "comment",
)  # fmt: skip


@page(Role.SUPERVISOR)
async def report_csv(request: Request, name: str, agent: CurrentAgent) -> HTTPResponse:
    """Return the table of a report or, with ``table=days``, the values of its charts."""
    report = report_of(name)

    def load(conn: Connection) -> ReportResult:
        asked = strict(request, conn, report)
        return reports.run(conn, report, asked.of, asked.filters, asked.by)

    found = await desk_of(request).store.for_long_requests().read(load)
    figures = [FIGURES[one] for one in report.figures]
    days = {"from": str(found.first), "to": str(found.last)}
    await desk_of(request).store.write(audit, exported(Subject.REPORT, name, days))
    by_day = request.args.get("table") == "days"
    rows = _days(found) if by_day else _groups(found, figures)
    kind = "days" if by_day else found.group
    return raw(
        csv_lines(rows), headers=csv_headers(f"{name}-{kind}-{found.first}-{found.last}.csv")
    )


def _groups(found: ReportResult, figures: Sequence[Figure]) -> Iterable[Sequence[Any]]:
    yield [GROUPS[found.group][1], *(name for one in figures for name in _headings(one, found))]
    for row in found.rows:
        yield [row.name, *(cell for one in figures for cell in _cells(row, one))]


def _headings(figure: Figure, found: ReportResult) -> list[str]:
    named = _heading(figure, found)
    return [named, f"{named}, low", f"{named}, high"] if figure.with_interval else [named]


def _cells(row: GroupRow, figure: Figure) -> list[str]:
    values = [row.values[figure.name]]
    if figure.with_interval:
        of = row.intervals.get(figure.name)
        values += [of.low, of.high] if of is not None else [None, None]
    return [plain(one, figure.unit) for one in values]


def _days(found: ReportResult) -> Iterable[Sequence[Any]]:
    figures = [FIGURES[one] for one in found.parts[0].values]
    yield ["From", "To", *(_heading(one, found) for one in figures)]
    for part in found.parts:
        values = (plain(part.values[one.name], one.unit) for one in figures)
        yield [part.first, part.last, *values]


def _heading(figure: Figure, found: ReportResult) -> str:
    unit = found.currency or "" if figure.unit == "money" else str(figure.unit)
    return f"{figure.heading} ({unit})" if unit else figure.heading


@page(Role.SUPERVISOR)
async def conversations_csv(request: Request, agent: CurrentAgent) -> None:
    """Stream one row for each conversation that the figure counts and the filters select."""
    figure = asked_figure(request)
    store = desk_of(request).store.for_long_requests()

    def load(conn: Connection) -> tuple[ReportQuery, Sequence[str], Sequence[str]]:
        asked = strict(request, conn)
        first, last = asked.of.first.isoformat(), asked.of.last.isoformat()
        keys = list(attributes.definitions(conn, AttributeOwner.CONVERSATION))
        return asked, list(export.days_between(conn, first, last)), keys

    asked, days, keys = await store.read(load)
    name = f"conversations-{asked.of.first}-{asked.of.last}.csv"
    await desk_of(request).store.write(audit, exported(Subject.CONVERSATIONS, name))
    response = await request.respond(content_type=CSV, headers=csv_headers(name))
    await response.send(
        csv_lines([[*OF_CONVERSATION, *COLUMNS, *(f"attributes.{key}" for key in keys)]])
    )
    for day in days:
        ids = await store.read(ids_of_day, figure, day, asked.filters)
        await _send_some(response, store, ids, keys)
    await response.eof()


async def _send_some(
    response: HTTPResponse, store: Store, ids: Sequence[int], keys: Sequence[str]
) -> None:
    for start in range(0, len(ids), AT_ONCE):
        some = await store.read(export.reported, ids[start : start + AT_ONCE])
        await response.send(csv_lines(_conversation(one, keys) for one in some))


def _conversation(one: ReportedConversation, keys: Sequence[str]) -> Sequence[Any]:
    own = [getattr(one, name) for name in OF_CONVERSATION]
    return [*own, *map(_fact, one.facts.values()), *(one.attributes.get(k) for k in keys)]


def _fact(value: Any) -> Any:
    """Join a list of words with semicolons, because words may contain spaces. ``csv_lines`` joins
    any other list with spaces."""
    is_words = isinstance(value, list) and value and isinstance(value[0], str)
    return "; ".join(value) if is_words else value


PAGES: dict[str, Any] = {
    f"{HERE}/conversations/csv": conversations_csv,
    f"{HERE}/<name:str>/csv": report_csv,
}
