"""Days and times as each language writes them: names of months and weekdays, and formats.

The formats are entries of the catalogs, so that translators choose the order and the punctuation.
For a new language, take the formats from the Unicode CLDR. ``tests/shared/test_local_dates.py``
compares the formats with the CLDR.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from gettext import NullTranslations

from handoff_service.rules.shared.phrases import Phrase, phrase, phrase_in, translated

MONTHS = (
    phrase("January"),
    phrase("February"),
    phrase("March"),
    phrase("April"),
    phrase("May"),
    phrase("June"),
    phrase("July"),
    phrase("August"),
    phrase("September"),
    phrase("October"),
    phrase("November"),
    phrase("December"),
)
SHORT_MONTHS = (
    phrase("Jan"),
    phrase("Feb"),
    phrase("Mar"),
    phrase("Apr"),
    phrase_in("short name of the month", "May"),
    phrase("Jun"),
    phrase("Jul"),
    phrase("Aug"),
    phrase("Sep"),
    phrase("Oct"),
    phrase("Nov"),
    phrase("Dec"),
)
WEEKDAYS = (
    phrase("Monday"),
    phrase("Tuesday"),
    phrase("Wednesday"),
    phrase("Thursday"),
    phrase("Friday"),
    phrase("Saturday"),
    phrase("Sunday"),
)
SHORT_WEEKDAYS = (
    phrase("Mon"),
    phrase("Tue"),
    phrase("Wed"),
    phrase("Thu"),
    phrase("Fri"),
    phrase("Sat"),
    phrase("Sun"),
)
#: The formats. ``{clock}`` is the time in the format "clock".
FORMATS: Mapping[str, str] = {
    "clock": phrase("{hour}:{minute}"),
    "weekday": "{short_weekday}",
    "weekday_clock": phrase("{short_weekday} {clock}"),
    "clock_weekday": phrase("{clock} {short_weekday}"),
    "day": phrase("{day} {short_month}"),
    "day_clock": phrase("{day} {short_month} {clock}"),
    "day_year": phrase("{day} {short_month} {year}"),
    "day_year_clock": phrase("{day} {short_month} {year} {clock}"),
    "month_year": phrase("{short_month} {year}"),
    "month_day": phrase("{day} {month}"),
    "month_day_year": phrase("{day} {month} {year}"),
    "month_day_year_clock": phrase("{day} {month} {year}, {clock}"),
    "weekday_date": phrase("{short_weekday} {day}"),
    "weekday_day": phrase("{weekday}, {day} {month}"),
    "short_weekday_day": phrase("{short_weekday} {day} {month}"),
    "weekday_day_year": phrase("{weekday}, {day} {month} {year}"),
}
_STORED_TIME = re.compile(rf"(\d+) ({'|'.join(MONTHS)}) (\d{{4}}), (\d\d):(\d\d) (\S+)")


def date_phrase(at: date, form: str) -> Phrase:
    """A day, or a local time (a ``datetime``), in one of the FORMATS."""
    return Phrase.of(lambda catalog: written(at, form, catalog))


def written(at: date, form: str, catalog: NullTranslations) -> str:
    """Write a day or a local time in one of the FORMATS, in the language of the catalog."""
    return translated(FORMATS[form], catalog).format_map(_Parts(at, catalog))


def time_in_zone(at: datetime) -> Phrase:
    """A time with its zone, for stored sentences: ``30 November 2026, 09:00 EST``."""
    return _with_zone(at, f"{at:%Z}")


def stored_time(text: str) -> str:
    """The phrase for a stored time that ``time_in_zone`` has written. Other text is returned
    unchanged."""
    found = _STORED_TIME.fullmatch(text)
    if found is None:
        return text
    day, month, year, hour, minute, zone = found.groups()
    number = MONTHS.index(month) + 1
    local = datetime(int(year), number, int(day), int(hour), int(minute))  # noqa: DTZ001 - local
    return _with_zone(local, zone)


def _with_zone(at: datetime, zone: str) -> Phrase:
    return phrase("{time} {zone}", time=date_phrase(at, "month_day_year_clock"), zone=zone)


class _Parts:
    """The values for a format. Each is computed only when the format needs it."""

    def __init__(self, at: date, catalog: NullTranslations) -> None:
        self._at, self._catalog = at, catalog

    def __getitem__(self, part: str) -> str:
        at, catalog = self._at, self._catalog
        match part:
            case "hour":
                return f"{at:%H}"
            case "minute":
                return f"{at:%M}"
            case "clock":
                return written(at, "clock", catalog)
            case "day":
                return str(at.day)
            case "year":
                return str(at.year)
            case _:
                names, number = _NAMES[part]
                return names[number(at)].translated(catalog)


_NAMES: Mapping[str, tuple[Sequence[Phrase], Callable[[date], int]]] = {
    "month": (MONTHS, lambda at: at.month - 1),
    "short_month": (SHORT_MONTHS, lambda at: at.month - 1),
    "weekday": (WEEKDAYS, date.weekday),
    "short_weekday": (SHORT_WEEKDAYS, date.weekday),
}
