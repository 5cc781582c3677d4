"""Opening hours in words: whether a schedule is open now, when that changes, and the next seven
days."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from handoff_service.lib import opening_hours
from handoff_service.lib.opening_hours import Schedule

WEEK = 7  # days


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The opening times of one day."""

    day: date
    times: list[str]  #: such as ``08:00 to 18:00``; empty on a closed day


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A schedule in words."""

    error: str | None  #: the error in the expression; if set, the other fields are empty
    says: str  #: one sentence about now
    week: list[Day]


def hours(schedule: Schedule, now: datetime) -> Hours:
    """Describe a schedule in its own time zone."""
    if schedule.expression is None:
        return Hours(error=None, says="Always open.", week=[])
    if error := opening_hours.error(schedule.expression, schedule.country):
        return Hours(error=error, says="", week=[])
    zone = ZoneInfo(schedule.time_zone)
    today = now.astimezone(zone).date()
    days = [today + timedelta(days=n) for n in range(WEEK)]
    return Hours(
        error=None,
        says=_says(schedule, now, zone),
        week=[_day(schedule, day, zone) for day in days],
    )


def _says(schedule: Schedule, now: datetime, zone: ZoneInfo) -> str:
    opens, closes = schedule.opens_at(now), schedule.closes_at(now)
    if opens is None:
        return "Closed, and not open again within a year."
    if opens > now:
        return f"Closed now. Opens {_moment(opens, now, zone)}."
    if closes is None or closes - now > timedelta(days=365):
        return "Open now, and always."
    return f"Open now, until {_moment(closes, now, zone)}."


def _moment(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M} today"
    return f"{local:%A}, {local.day} {local:%B} at {local:%H:%M}"


def _day(schedule: Schedule, day: date, zone: ZoneInfo) -> Day:
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    end = start + timedelta(days=1)  # one calendar day, so 23 or 25 hours when the clocks change
    times = schedule.open_times(start, end)
    return Day(
        day=day, times=[f"{_clock(a, zone)} to {_clock(b, zone, end=True)}" for a, b in times]
    )


def _clock(at: datetime, zone: ZoneInfo, *, end: bool = False) -> str:
    clock = f"{at.astimezone(zone):%H:%M}"
    return "24:00" if end and clock == "00:00" else clock
