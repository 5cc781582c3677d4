"""Days in phrases that are made before the language of the page is known. Pages write their own
dates with ``web/shared/local_formats.py``."""

from datetime import date, datetime

from handoff_service.rules.shared.phrases import Phrase, phrase

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
    phrase("May"),
    phrase("Jun"),
    phrase("Jul"),
    phrase("Aug"),
    phrase("Sep"),
    phrase("Oct"),
    phrase("Nov"),
    phrase("Dec"),
)


def short_day(day: date) -> Phrase:
    """``3 Sep``."""
    return phrase("{day} {month}", day=day.day, month=SHORT_MONTHS[day.month - 1])


def short_month(day: date) -> Phrase:
    """``Sep 2026``."""
    return phrase("{month} {year}", month=SHORT_MONTHS[day.month - 1], year=day.year)


def short_date(day: date) -> Phrase:
    """``3 Sep 2026``."""
    return _date(day, SHORT_MONTHS)


def long_date(day: date) -> Phrase:
    """``3 September 2026``."""
    return _date(day, MONTHS)


def long_time(at: datetime) -> Phrase:
    """``3 September 2026, 09:52 EST``."""
    return phrase("{date}, {time}", date=long_date(at), time=f"{at:%H:%M %Z}")


def _date(day: date, months: tuple[Phrase, ...]) -> Phrase:
    return phrase("{day} {month} {year}", day=day.day, month=months[day.month - 1], year=day.year)
