"""Formats dates and numbers in the language of the page. The number formats come from the Unicode
CLDR. For English, this module defines some formats itself."""

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache

from babel import Locale
from babel.numbers import format_currency, format_decimal

from handoff_service.rules.delivery import money
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.local_dates import written
from handoff_service.rules.shared.phrases import phrase
from handoff_service.web.shared.page_language import page_catalog, page_language, shown

NO_BREAK = "\u00a0"


def write_date(at: date, form: str) -> str:
    """Format a day or a local time. ``form``: a format of ``rules/shared/local_dates.py``."""
    return written(at, form, page_catalog())


@cache
def _locale(language: Language) -> Locale:
    return Locale(language)


def decimal(value: float, places: int = 0) -> str:
    """Format a number: 1,204 or 0.71."""
    return _decimal(page_language.get(), value, places)


@lru_cache(10_000)
def _decimal(language: Language, value: float, places: int) -> str:
    # CSV files round in the same way; Babel would round some numbers differently
    return format_decimal(f"{value:.{places}f}", _pattern(places), _locale(language))


def percent(number: str) -> str:
    """Add the percent sign to a formatted number: 71.4 %."""
    language = page_language.get()
    if language is Language.ENGLISH:
        return f"{number} %"
    pattern = _locale(language).percent_formats[None]
    return f"{pattern.prefix[0]}{number}{pattern.suffix[0]}"


def share(value: float, places: int = 0) -> str:
    """Format a share from 0 to 1 as a percentage: 71%."""
    number = decimal(100 * value, places)
    return f"{number}%" if page_language.get() is Language.ENGLISH else percent(number)


def amount(value: float, currency: str, places: int = 2) -> str:
    """Format an amount of money: 12.50 USD."""
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
    """Format costs, rounded to the cent: 12.50 USD, 3.00 EUR. ``of``: currency -> millionths of
    its unit. No costs give an empty string."""
    return ", ".join(
        amount((cost + 5_000) // 10_000 / 100, currency) for currency, cost in sorted(of.items())
    )


def _pattern(places: int) -> str:
    return "#,##0" + ("." + "0" * places if places else "")


def file_size(size: int) -> str:
    """Format a file size: 812 KB, 4.2 MB."""
    if size < money.MILLION:
        return shown(phrase("{size} KB", size=max(round(size / 1000), 1)))
    places = 0 if f"{size / money.MILLION:.1f}".endswith(".0") else 1
    return shown(phrase("{size} MB", size=decimal(size / money.MILLION, places)))
