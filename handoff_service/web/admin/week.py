"""The week grid of a queue's opening hours. Editing the grid changes the schedule expression, and
typing an expression changes the grid.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.lib.opening_hours import Schedule
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.rules.routing.week_grid import (
    DAYS,
    Times,
    Week,
    format_times,
    parse,
    read_times,
    write,
)
from handoff_service.rules.shared.local_dates import WEEKDAYS
from handoff_service.rules.shared.phrases import capitalized
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk.desk import desk_country, desk_time_zone
from handoff_service.store.engine.database import read_at
from handoff_service.web.admin.hours import hours
from handoff_service.web.admin.pages import UNDER
from handoff_service.web.admin.region_choices import COUNTRIES, TIME_ZONES
from handoff_service.web.shared.rendering import render
from handoff_service.web.shared.session import desk_of, page

LABELS = dict(zip(DAYS, map(capitalized, WEEKDAYS), strict=True))
WORKDAYS = DAYS[:5]
TYPED = ("schedule", "time_zone", "country")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """A day of the grid. ``bars``: the start and length of each open time, in minutes."""

    day: str
    label: str
    typed: str
    bars: list[tuple[int, int]]
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The grid. It has no rows if a week cannot represent the expression."""

    rows: list[DayRow]
    closed_on_holidays: bool = False


def grid(expression: str) -> Grid:
    """Return the grid for a schedule expression."""
    week = parse(expression)
    if week is None:
        return Grid(rows=[])
    rows = [_row(day, week.times.get(day, ())) for day in DAYS]
    return Grid(rows=rows, closed_on_holidays=week.closed_on_holidays)


def schedule_of(conn: Connection, given: Mapping[str, str]) -> Schedule:
    """Return the schedule in the form. The desk's time zone and country replace invalid ones."""
    zone = given["time_zone"] if given["time_zone"] in TIME_ZONES else desk_time_zone(conn)
    country = given["country"] if given["country"] in COUNTRIES else desk_country(conn)
    return Schedule(given["schedule"] or None, zone, country)


@page(Role.ADMIN)
async def hours_fragment(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the description and the grid for the typed expression."""
    typed = _typed(request)
    return await _answer(request, typed, grid(typed["schedule"]))


@page(Role.ADMIN)
async def week_fragment(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the expression and the description for the edited grid. If a time in the grid is
    wrong, the expression does not change.
    """
    sent = {day: (request.args.get(f"day-{day}") or "")[:200] for day in DAYS}
    if request.args.get("copy"):
        sent |= dict.fromkeys(WORKDAYS, sent["Mo"])
    edited = Grid(
        rows=[_read(day, sent[day]) for day in DAYS],
        closed_on_holidays=bool(request.args.get("holidays")),
    )
    typed = _typed(request)
    if any(row.wrong for row in edited.rows):
        return await _answer(request, typed, edited)
    times = {day: read_times(sent[day]) for day in DAYS}
    expression = write(Week(times=times, closed_on_holidays=edited.closed_on_holidays))
    answer = await _answer(request, typed | {"schedule": expression}, edited)
    # a script writes the expression into the existing field, because a new field would lose the
    # script's listeners and the cursor position
    answer.headers["HX-Trigger"] = json.dumps({"schedule-written": expression})
    return answer


async def _answer(request: Request, typed: Mapping[str, str], shown: Grid) -> HTTPResponse:
    def read(conn: Connection) -> Any:
        return hours(schedule_of(conn, typed), read_at(conn))

    described = await desk_of(request).store.read(read)
    return render("admin/hours.html", under=UNDER, hours=described, grid=shown, follows=True)


def _typed(request: Request) -> dict[str, str]:
    return {name: (request.args.get(name) or "").strip()[:500] for name in TYPED}


def _read(day: str, typed: str) -> DayRow:
    try:
        return _row(day, read_times(typed), typed)
    except ValueError as error:
        return DayRow(day=day, label=LABELS[day], typed=typed, bars=[], wrong=str(error))


def _row(day: str, times: Times, typed: str | None = None) -> DayRow:
    written = format_times(times).replace(",", ", ") if typed is None else typed
    bars = [(start, end - start) for start, end in times]
    return DayRow(day=day, label=LABELS[day], typed=written, bars=bars)


PAGES: dict[str, Any] = {"/queues/hours": hours_fragment, "/queues/week": week_fragment}
