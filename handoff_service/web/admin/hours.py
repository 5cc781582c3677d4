"""Describes opening hours: whether a schedule is open now, when that changes, and the next seven
days."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from handoff_service.lib import opening_hours
from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.shared.local_dates import date_phrase
from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.web.admin.pages import sentence

WEEK = 7  # days


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The opening times of one day."""

    day: date
    times: list[str]  #: such as ``08:00 to 18:00``; empty on a closed day


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The description of a schedule."""

    error: str | None  #: the error in the expression; if set, the other fields are empty
    summary: str  #: whether the schedule is open now and when that changes, as a sentence
    week: list[Day]


def hours(schedule: Schedule, now: datetime) -> Hours:
    """Describe a schedule in its own time zone."""
    if schedule.expression is None:
        return Hours(error=None, summary=phrase("Always open."), week=[])
    if error := opening_hours.error(schedule.expression, schedule.country):
        return Hours(error=sentence(error), summary="", week=[])
    zone = ZoneInfo(schedule.time_zone)
    today = now.astimezone(zone).date()
    days = [today + timedelta(days=n) for n in range(WEEK)]
    return Hours(
        error=None,
        summary=_summary(schedule, now, zone),
        week=[_day(schedule, day, zone) for day in days],
    )


def _summary(schedule: Schedule, now: datetime, zone: ZoneInfo) -> str:
    opens, closes = schedule.opens_at(now), schedule.closes_at(now)
    if opens is None:
        return phrase("Closed, and not open again within a year.")
    if opens > now:
        return _on_day(
            opens,
            now,
            zone,
            phrase("Closed now. Opens {time} today."),
            phrase("Closed now. Opens {day} at {time}."),
        )
    if closes is None:
        return phrase("Open now, and always.")
    return _on_day(
        closes,
        now,
        zone,
        phrase("Open now, until {time} today."),
        phrase("Open now, until {day} at {time}."),
    )


def _on_day(at: datetime, now: datetime, zone: ZoneInfo, today: str, later: str) -> str:
    """Fill in the sentence ``today`` if the time is today, else the sentence ``later``."""
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return filled(today, time=date_phrase(local, "clock"))
    day, clock = date_phrase(local, "weekday_day"), date_phrase(local, "clock")
    return filled(later, day=day, time=clock)


def _day(schedule: Schedule, day: date, zone: ZoneInfo) -> Day:
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    end = start + timedelta(days=1)  # one calendar day, so 23 or 25 hours when the clocks change
    times = schedule.open_times(start, end)
    return Day(
        day=day,
        times=[
            phrase("{start} to {end}", start=_clock(a, zone), end=_clock(b, zone, end=True))
            for a, b in times
        ],
    )


def _clock(at: datetime, zone: ZoneInfo, *, end: bool = False) -> str:
    local = at.astimezone(zone)
    return "24:00" if end and not (local.hour or local.minute) else date_phrase(local, "clock")
