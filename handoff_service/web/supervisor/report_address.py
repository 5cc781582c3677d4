"""Reads and writes the query parameters of a report's address: its days, filters and grouping."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sanic import Request
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.rules.reports import filters, ranges
from handoff_service.rules.reports.filters import Filters
from handoff_service.rules.reports.ranges import PRESETS, DayRange
from handoff_service.rules.reports.reports import Report
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine.database import read_at
from handoff_service.store.reports.choices import checked

USUAL = "30"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """The parsed query parameters of a report's address."""

    of: DayRange
    preset: str  #: the name of the range; empty for two typed days
    filters: Filters
    by: str  #: how the table groups conversations into rows
    #: what is wrong with the address; the page then shows the usual range without filters
    error: str = ""

    def address(self, **changes: Any) -> dict[str, Any]:
        """Return the query parameters of this address, with changes. None removes a parameter."""
        days = {"from": self.of.first.isoformat(), "to": self.of.last.isoformat()}
        range_ = {"range": self.preset} if self.preset else days
        found = {**range_, **self.filters.chosen(), "by": self.by, **changes}
        return {name: value for name, value in found.items() if value not in (None, "")}


def today_of(conn: Connection) -> date:
    """Return today's date in the desk's time zone."""
    return read_at(conn).astimezone(ZoneInfo(desk_time_zone(conn))).date()


def read(request: Request, conn: Connection, report: Report | None = None) -> ReportQuery:
    """Read the address. For a wrong address, return the usual range and the ``error`` to show."""
    try:
        return strict(request, conn, report)
    except BadInput as error:
        today = today_of(conn)
        by = report.groups[0] if report else ""
        of = ranges.preset(USUAL, today)
        return ReportQuery(of=of, preset=USUAL, filters=Filters(), by=by, error=error.detail)


def strict(request: Request, conn: Connection, report: Report | None = None) -> ReportQuery:
    """Read the address. Raises BadInput for a wrong address."""
    today = today_of(conn)
    given = {name: values[0] for name, values in request.get_args(True).items()}
    try:
        of, preset = _range(given, today)
        found = filters.read(given)
    except ValueError as error:
        raise BadInput(error.args[0]) from error
    found = checked(conn, found)
    by = given.get("by") or ""
    if report is not None and by not in report.groups:
        by = report.groups[0]
    return ReportQuery(of=of, preset=preset, filters=found, by=by)


def _range(given: dict[str, str], today: date) -> tuple[DayRange, str]:
    first, last = given.get("from") or "", given.get("to") or ""
    preset = given.get("range") or ("" if first or last else USUAL)
    if preset == "days" or not preset:
        return ranges.chosen(first, last), ""
    if preset not in PRESETS:
        raise ValueError(
            phrase("There is no range “{name}”. Choose one from the list.", name=preset[:20])
        )
    return ranges.preset(preset, today), preset
