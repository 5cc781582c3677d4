"""Dates, times and numbers as the language of the page writes them. The formats are those of the
Unicode CLDR; English has its own, in which the day comes before the month.

A list of a thousand conversations contains thousands of times of day, so the results are cached.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from gettext import NullTranslations

from babel import Locale
from babel.dates import parse_pattern
from babel.numbers import format_currency, format_decimal

from handoff_service.rules.delivery import money
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import Phrase, phrase
from handoff_service.web.shared.page_language import page_language, shown

NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFormats:
    """How a language writes dates and times, as patterns of CLDR. The comments show the English
    formats.
    """

    clock: str  #: 09:52
    weekday: str  #: Thu
    weekday_clock: str  #: Thu 09:52
    clock_weekday: str  #: 09:52 Thu
    day: str  #: 3 Sep
    day_clock: str  #: 3 Sep 09:52
    day_year: str  #: 3 Sep 2026
    day_year_clock: str  #: 3 Sep 2026 09:52
    month_day: str  #: 3 September
    month_day_year: str  #: 3 September 2026
    weekday_date: str  #: Thu 3
    weekday_day: str  #: Thursday, 3 September
    short_weekday_day: str  #: Thu 3 September
    weekday_day_year: str  #: Thursday, 3 September 2026


_ENGLISH = DateFormats(
    clock="HH:mm",
    weekday="EEE",
    weekday_clock="EEE HH:mm",
    clock_weekday="HH:mm EEE",
    day="d MMM",
    day_clock="d MMM HH:mm",
    day_year="d MMM y",
    day_year_clock="d MMM y HH:mm",
    month_day="d MMMM",
    month_day_year="d MMMM y",
    weekday_date="EEE d",
    weekday_day="EEEE, d MMMM",
    short_weekday_day="EEE d MMMM",
    weekday_day_year="EEEE, d MMMM y",
)


@cache
def _formats(language: Language) -> DateFormats:
    if language is Language.ENGLISH:
        return _ENGLISH
    locale = _locale(language)
    of = {name: pattern.pattern for name, pattern in locale.datetime_skeletons.items()}
    both = str(locale.datetime_formats["medium"])  # "{1}, {0}": the day and the time
    return DateFormats(
        clock=of["Hm"],
        weekday=of["E"],
        weekday_clock=of["EHm"],
        clock_weekday=of["EHm"],
        day=of["MMMd"],
        day_clock=both.replace("{1}", of["MMMd"]).replace("{0}", of["Hm"]),
        day_year=of["yMMMd"],
        day_year_clock=both.replace("{1}", of["yMMMd"]).replace("{0}", of["Hm"]),
        month_day=of["MMMMd"],
        month_day_year=locale.date_formats["long"].pattern,
        weekday_date=of["Ed"],
        short_weekday_day=of["MMMMEd"],
        weekday_day=of["MMMMEd"].replace("E", "EEEE"),
        weekday_day_year=locale.date_formats["full"].pattern,
    )


@cache
def _locale(language: Language) -> Locale:
    return Locale(language)


def write_time(at: datetime, name: str) -> str:
    """Write a local time in one of the DateFormats."""
    minute = at.replace(second=0, microsecond=0, tzinfo=None)
    return _written(page_language.get(), name, minute)


def day_phrase(day: date, name: str) -> Phrase:
    """Return a day that is written when a page shows it, in one of the DateFormats."""
    at = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a day
    return Phrase.of(lambda catalog: _written(_language_of(catalog), name, at))


def time_phrase(at: datetime, name: str) -> Phrase:
    """Return a local time that is written when a page shows it, in one of the DateFormats."""
    minute = at.replace(second=0, microsecond=0, tzinfo=None)
    return Phrase.of(lambda catalog: _written(_language_of(catalog), name, minute))


def _language_of(catalog: NullTranslations) -> Language:
    return Language(catalog.info().get("language", Language.ENGLISH))


def write_day(day: date, name: str) -> str:
    """Write a day in one of the DateFormats."""
    return _written(page_language.get(), name, datetime(day.year, day.month, day.day))  # noqa: DTZ001 - a day


@lru_cache(20_000)
def _written(language: Language, name: str, at: datetime) -> str:
    written: str = parse_pattern(getattr(_formats(language), name)).apply(at, _locale(language))
    return written


def decimal(value: float, places: int = 0) -> str:
    """Write a number: 1,204 or 0.71."""
    return _decimal(page_language.get(), value, places)


@lru_cache(10_000)
def _decimal(language: Language, value: float, places: int) -> str:
    # round as Python does in CSV files, so that a page shows the same figures
    return format_decimal(f"{value:.{places}f}", _pattern(places), _locale(language))


def percent(number: str) -> str:
    """Write a number that is already written as a percentage: 71.4 %."""
    language = page_language.get()
    if language is Language.ENGLISH:
        return f"{number} %"
    pattern = _locale(language).percent_formats[None]
    return f"{pattern.prefix[0]}{number}{pattern.suffix[0]}"


def amount(value: float, currency: str, places: int = 2) -> str:
    """Write an amount of money: 12.50 USD."""
    language = page_language.get()
    if language is Language.ENGLISH:
        return f"{decimal(value, places)} {currency}"
    number = f"{value:.{places}f}"
    return format_currency(
        number,
        currency,
        f"{_pattern(places)}{NO_BREAK}¤¤",
        _locale(language),
        currency_digits=False,
    )


def costs(of: Mapping[str, int]) -> str:
    """Write sums of millionths, to the cent: 12.50 USD. Several currencies follow each other; empty
    if there are none."""
    return ", ".join(
        amount((cost + 5_000) // 10_000 / 100, currency) for currency, cost in sorted(of.items())
    )


def _pattern(places: int) -> str:
    return "#,##0" + ("." + "0" * places if places else "")


def file_size(size: int) -> str:
    """Write a file size: 812 KB, 4.2 MB."""
    if size < money.MILLION:
        return shown(phrase("{size} KB", size=max(round(size / 1000), 1)))
    places = 0 if f"{size / money.MILLION:.1f}".endswith(".0") else 1
    return shown(phrase("{size} MB", size=decimal(size / money.MILLION, places)))
