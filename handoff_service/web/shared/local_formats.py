"""Dates and numbers in the format of the page's language. The number formats come from the Unicode
CLDR. For English, this module has its own formats."""

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
    """Write a day or a local time in one of the formats of ``rules/shared/local_dates.py``."""
    return written(at, form, page_catalog())


@cache
def _locale(language: Language) -> Locale:
    return Locale(language)


def decimal(value: float, places: int = 0) -> str:
    """Write a number: 1,204 or 0.71."""
    return _decimal(page_language.get(), value, places)


@lru_cache(10_000)
def _decimal(language: Language, value: float, places: int) -> str:
    # round as Python does in CSV files, so that a page shows the same figures
    return format_decimal(f"{value:.{places}f}", _pattern(places), _locale(language))


def percent(number: str) -> str:
    """Write a percentage whose number is already text: 71.4 %."""
    language = page_language.get()
    if language is Language.ENGLISH:
        return f"{number} %"
    pattern = _locale(language).percent_formats[None]
    return f"{pattern.prefix[0]}{number}{pattern.suffix[0]}"


def share(value: float, places: int = 0) -> str:
    """Write a part of a whole, 0 to 1, as a percentage: 71%."""
    number = decimal(100 * value, places)
    return f"{number}%" if page_language.get() is Language.ENGLISH else percent(number)


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
    """Write sums that are counted in millionths of a currency, to the cent: 12.50 USD. With several
    currencies, one sum follows the other. Empty without any."""
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
