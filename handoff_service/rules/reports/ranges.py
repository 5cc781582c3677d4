"""Date ranges: presets, the previous range, and the intervals of a chart."""

from dataclasses import dataclass
from datetime import date, timedelta

from handoff_service.rules.shared.local_dates import date_phrase
from handoff_service.rules.shared.phrases import phrase

MOST_DAYS = 1100  # three years
WEEKS_FROM, MONTHS_FROM = 63, 220  # from this many days on, a chart shows weeks, or months
PRESETS = {
    "today": phrase("Today"),
    "yesterday": phrase("Yesterday"),
    "7": phrase("Last 7 days"),
    "30": phrase("Last 30 days"),
    "month": phrase("This month"),
    "last_month": phrase("Last month"),
    "90": phrase("Last 90 days"),
    "365": phrase("Last 365 days"),
}


@dataclass(frozen=True, slots=True)
class DayRange:
    """A range of days in the desk's time zone. Both ends are included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def before(self) -> "DayRange":
        """The range of the same length that ends the day before."""
        last = self.first - timedelta(days=1)
        return DayRange(last - timedelta(days=self.days - 1), last)


@dataclass(frozen=True, slots=True)
class ChartInterval:
    """The days of one point or bar of a chart."""

    first: date
    last: date
    label: str


def preset(name: str, today: date) -> DayRange:
    """The range of a preset. Raises KeyError for an unknown name."""
    if name not in PRESETS:
        raise KeyError(name)
    yesterday, month = today - timedelta(days=1), today.replace(day=1)
    match name:
        case "today":
            return DayRange(today, today)
        case "yesterday":
            return DayRange(yesterday, yesterday)
        case "month":
            return DayRange(month, today)
        case "last_month":
            end = month - timedelta(days=1)
            return DayRange(end.replace(day=1), end)
        case _:
            return DayRange(today - timedelta(days=int(name) - 1), today)


def chosen(first: str, last: str) -> DayRange:
    """The range of two typed days. Raises ValueError with a sentence for people."""
    days = []
    for name, text in (("from", first), ("to", last)):
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            raise ValueError(
                phrase("The day in “from” must look like 2026-11-30, not “{text}”.", text=text[:20])
                if name == "from"
                else phrase(
                    "The day in “to” must look like 2026-11-30, not “{text}”.", text=text[:20]
                )
            ) from None
    found = DayRange(*days)
    if found.days < 1:
        raise ValueError(phrase("The day in “to” must not be before the day in “from”."))
    if found.days > MOST_DAYS:
        raise ValueError(
            phrase("A range has at most {count} days. Choose a shorter one.", count=MOST_DAYS)
        )
    if not 1970 <= found.first.year < 9000:
        raise ValueError(phrase("Choose a day in “from” between 1970 and 8999."))
    return found


def chart_intervals(of: DayRange) -> list[ChartInterval]:
    """The intervals of a chart: days, weeks from Monday, or months, depending on the range's
    length. The first and the last interval may be shorter than the others."""
    found: list[ChartInterval] = []
    at = of.first
    while at <= of.last:
        end = min(_end(at, of.days), of.last)
        found.append(ChartInterval(at, end, _label(at, of.days)))
        at = end + timedelta(days=1)
    return found


def interval_name(of: DayRange) -> str:
    return "month" if of.days >= MONTHS_FROM else "week" if of.days >= WEEKS_FROM else "day"


def _end(at: date, days: int) -> date:
    if days >= MONTHS_FROM:
        return (at.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return at + timedelta(days=6 - at.weekday()) if days >= WEEKS_FROM else at


def _label(at: date, days: int) -> str:
    return date_phrase(at, "month_year" if days >= MONTHS_FROM else "day")
