"""The week grid of opening hours: a row of times for each day, and whether the queue is closed on
public holidays.

The stored value is always an expression in OpenStreetMap's notation. ``parse`` understands the
common expressions and returns None for all others, so that a grid never drops a rule that it cannot
show.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from handoff_service.rules.shared.phrases import phrase

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
END_OF_DAY = 24 * 60  # minutes
MOST_TIMES = 6  # periods in a day

type Period = tuple[int, int]  #: from and to, in minutes since midnight
type Times = tuple[Period, ...]  #: a day's open periods, in order; empty: closed

_DAY = "|".join(DAYS)
_RULE = re.compile(rf"((?:{_DAY})(?:[-,](?:{_DAY}))*)?\s*([0-9:,\-\s]+|off|closed)?", re.IGNORECASE)
_PERIOD = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(?:-|–|to)\s*(\d{1,2})(?:[:.](\d{2}))?")
_STRICT = re.compile(r"\d\d:\d\d-\d\d:\d\d")
WHOLE_DAY: Times = ((0, END_OF_DAY),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The opening hours of a week. ``times``: day -> its open periods; a missing day is closed."""

    times: Mapping[str, Times] = field(default_factory=dict)
    closed_on_holidays: bool = False


def parse(expression: str | None) -> Week | None:
    """The week for an expression. An empty expression means always open. Returns None if the grid
    cannot show it."""
    if not (expression or "").strip() or expression == "24/7":
        return Week(times=dict.fromkeys(DAYS, WHOLE_DAY))
    times: dict[str, Times] = {}
    holidays = False
    for rule in (part.strip() for part in (expression or "").rstrip("; ").split(";")):
        if re.fullmatch(r"PH\s+(off|closed)", rule, re.IGNORECASE):
            holidays = True
            continue
        read = _rule(rule)
        if read is None or (holidays and None in read):
            return None
        times |= {day: value for day, value in read.items() if day is not None}
    return Week(times=times, closed_on_holidays=holidays)


def _rule(rule: str) -> dict[str, Times] | None:
    found = _RULE.fullmatch(rule)
    if found is None or not rule:
        return None
    named, written = found[1], (found[2] or "").strip()
    days = _days(named) if named else list(DAYS)
    if days is None or (not written and not named):
        return None
    if written.lower() in ("off", "closed"):
        return dict.fromkeys(days, ())
    times = WHOLE_DAY if not written else _strict(written)
    return None if times is None else dict.fromkeys(days, times)


def _days(named: str) -> list[str] | None:
    days: list[str] = []
    for part in named.split(","):
        ends = [DAYS.index(one.capitalize()) for one in part.split("-")]
        if len(ends) > 2:
            return None
        first, last = ends[0], ends[-1]
        days += DAYS[first : last + 1] if first <= last else DAYS[first:] + DAYS[: last + 1]
    return days


def _strict(written: str) -> Times | None:
    parts = [part.strip() for part in written.split(",")]
    if not all(_STRICT.fullmatch(part) for part in parts):
        return None
    try:
        return read_times(written)
    except ValueError:
        return None


def read_times(typed: str) -> Times:
    """Parse the times that somebody has typed for a day: ``8-12, 13:00-18:00``; empty: closed.
    Raises ValueError with a sentence for people."""
    text = typed.strip()
    if text.lower() in ("", "closed", "off"):
        return ()
    periods = [_period(part) for part in re.split(r"[,;]", text) if part.strip()]
    if len(periods) > MOST_TIMES:
        raise ValueError(phrase("Enter at most {most} opening times for one day.", most=MOST_TIMES))
    periods.sort()
    if any(one[1] > after[0] for one, after in pairwise(periods)):
        raise ValueError(phrase("Two of these times overlap."))
    return tuple(periods)


def _period(typed: str) -> Period:
    found = _PERIOD.fullmatch(typed.strip())
    if found is None:
        raise ValueError(
            phrase("Write times such as 08:00-12:00, 13:00-18:00, or nothing for closed.")
        )
    hour, minute, to_hour, to_minute = (int(part or 0) for part in found.groups())
    start, end = hour * 60 + minute, to_hour * 60 + to_minute
    if minute > 59 or to_minute > 59 or end > END_OF_DAY:
        raise ValueError(phrase("Write times from 00:00 to 24:00."))
    if start >= end:
        raise ValueError(
            phrase("Each time must end after it begins. Write night hours as two days.")
        )
    return start, end


def write(week: Week) -> str:
    """The expression for a week, in its shortest common form."""
    runs = [
        (times, [day for _, day in run])
        for times, run in groupby(
            ((week.times.get(day, ()), day) for day in DAYS), key=lambda pair: pair[0]
        )
    ]
    always = runs == [(WHOLE_DAY, list(DAYS))]
    if always and not week.closed_on_holidays:
        return "24/7"
    open_runs = [f"{_named(days)} {format_times(times)}" for times, days in runs if times]
    return "; ".join([*(open_runs or ["off"]), *(["PH off"] if week.closed_on_holidays else [])])


def _named(days: list[str]) -> str:
    if len(days) == 1:
        return days[0]
    return f"{days[0]}{',' if len(days) == 2 else '-'}{days[-1]}"


def format_times(times: Times) -> str:
    """Write a day's times for an expression: ``08:00-12:00,13:00-18:00``."""
    return ",".join(f"{_clock(start)}-{_clock(end)}" for start, end in times)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
