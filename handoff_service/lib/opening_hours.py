"""Opening hours: a schedule in OpenStreetMap's notation, including public holidays.

``Mo-Fr 08:00-18:00; PH off`` is Monday to Friday, 8 to 18, closed on public holidays. ``Mo-Fr
08:00-18:00; Sa 09:00-12:00; PH off; 2026 Dec 24-31 off`` adds Saturdays and closes between
Christmas and New Year. The notation:
https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
"""

import functools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from opening_hours import (  # type: ignore[attr-defined]  # its stubs omit its exceptions
    OpeningHours,
    ParserError,
    UnknownCountryError,
)

from handoff_service.rules.shared.local_dates import SHORT_WEEKDAYS
from handoff_service.rules.shared.phrases import joined, phrase

LOOKS_AHEAD = timedelta(days=366)
EXAMPLE = "Mo-Fr 08:00-18:00; PH off"
_HOLIDAYS = re.compile(r"\b[PS]H\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Opening hours in one time zone."""

    expression: str | None  #: None: always open
    time_zone: str  #: an IANA name
    country: str | None = None  #: the ISO code of the country for the public holidays, ``PH``

    def is_open(self, at: datetime) -> bool:
        """Whether the schedule is open at this moment."""
        return self.expression is None or self._read().is_open(
            at.astimezone(ZoneInfo(self.time_zone))
        )

    def opens_at(self, at: datetime) -> datetime | None:
        """The next open moment; ``at`` itself when open. None when it does not open within a
        year."""
        return next((start for start, _ in self._open_times(at, at + LOOKS_AHEAD)), None)

    def closes_at(self, at: datetime) -> datetime | None:
        """When the open period around ``at`` ends. None when the schedule is closed at ``at``, or
        does not close within a year."""
        if self.expression is None or not self.is_open(at):
            return None
        limit = at + LOOKS_AHEAD
        end = next((end for _, end in self._open_times(at, limit)), limit)
        return end if end < limit else None

    def after(self, at: datetime, duration: timedelta) -> datetime | None:
        """The moment when this amount of open time has passed since ``at``. None when there is too
        little open time until a year after ``at + duration``.
        """
        left = duration
        for start, end in self._open_times(at, at + LOOKS_AHEAD + duration):
            if end - start >= left:
                return start + left
            left -= end - start
        return None

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """The open time between two moments."""
        return sum((b - a for a, b in self.open_times(start, end)), timedelta())

    def open_times(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """The open periods between two moments, in order, UTC."""
        return list(self._open_times(start, end))

    def _open_times(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the periods one by one, because callers often need only the first: a year of
        periods takes 2 ms, but the first three take 20 µs."""
        if end <= start:
            return
        if self.expression is None:
            yield start, end
            return
        zone = ZoneInfo(self.time_zone)
        for begins, ends, state, _ in self._read().intervals(
            start.astimezone(zone), end.astimezone(zone)
        ):
            if str(state) == "open":
                yield max(begins.astimezone(UTC), start), min(ends.astimezone(UTC), end)

    def _read(self) -> OpeningHours:
        expression = self.expression or "24/7"
        try:
            return _parsed(expression, self.time_zone, self.country)
        except UnknownCountryError:
            # ignore the holidays, because an error would stop the desk from receiving texts
            return _parsed(expression, self.time_zone, None)


class OpenTimes:
    """A schedule's open periods between two moments, computed once for thousands of queries."""

    def __init__(self, schedule: Schedule, start: datetime, end: datetime) -> None:
        times = schedule.open_times(start, end)
        self._starts = [a for a, _ in times]
        self._ends = [b for _, b in times]
        # total open time before each period
        self._counted = list(accumulate((b - a for a, b in times), initial=timedelta()))

    def after(self, at: datetime, duration: timedelta) -> datetime | None:
        """Like ``Schedule.after``, but None when the result is later than the computed periods."""
        now = bisect_right(self._ends, at)
        if now == len(self._ends):
            return None
        wanted = self._counted[now] + max(at - self._starts[now], timedelta()) + duration
        then = bisect_left(self._counted, wanted) - 1
        return (
            self._starts[then] + (wanted - self._counted[then]) if then < len(self._ends) else None
        )


def error(expression: str, country: str | None = None) -> str | None:
    """The error of an expression, in words. None if it is valid."""
    if wrong := unreadable(expression, country):
        return wrong
    if Schedule(expression, "UTC", country).opens_at(datetime(2026, 1, 1, tzinfo=UTC)) is None:
        return phrase("never opens; write the hours when it opens, such as Mo-Fr 08:00-18:00")
    return None


def unreadable(expression: str, country: str | None = None) -> str | None:
    """Why an expression cannot be parsed; None if it can. An expression that is never open can be
    parsed."""
    try:
        _parsed(expression, "UTC", country)
    except ParserError:
        return phrase(
            "cannot be read as opening hours; write for example “{example}”", example=EXAMPLE
        )
    except UnknownCountryError:
        return phrase(
            "names public holidays, but none are known for the country “{country}”; leave out PH",
            country=country,
        )
    return None


_DAYS = dict(zip(("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"), SHORT_WEEKDAYS, strict=True))
_SIMPLE = re.compile(r"[MTWFS][ouehra](-[MTWFS][ouehra])?(,[MTWFS][ouehra])* [0-9:,-]+")


def in_words(expression: str | None) -> str:
    """Common expressions in words: ``Mon to Fri, 08:00 to 18:00; closed on public holidays``. Other
    expressions stay unchanged."""
    if expression in (None, "24/7"):
        return phrase("always open")
    return joined("; ", (_in_words(rule.strip()) for rule in (expression or "").split(";")))


def _in_words(rule: str) -> str:
    if rule == "PH off":
        return phrase("closed on public holidays")
    if not _SIMPLE.fullmatch(rule):
        return rule
    days, hours = rule.split(" ")
    return joined(", ", map(_range, [*days.split(","), *hours.split(",")]))


def _range(written: str) -> str:
    """Days or hours in words: ``Mon to Fri``, ``08:00 to 18:00``."""
    first, _, last = written.partition("-")
    start, end = _DAYS.get(first, first), _DAYS.get(last, last)
    return phrase("{start} to {end}", start=start, end=end) if last else start


@functools.lru_cache(256)
def _parsed(expression: str, time_zone: str, country: str | None) -> OpeningHours:
    """Parse the expression. The parser refuses a country without known holidays, so it gets the
    country only if the expression names holidays."""
    holidays = country if _HOLIDAYS.search(expression) else None
    return OpeningHours(expression, timezone=ZoneInfo(time_zone), country=holidays)
