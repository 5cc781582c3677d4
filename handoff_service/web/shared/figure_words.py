"""Formats the figures of reports, for pages and for CSV files."""

from handoff_service.rules.delivery import money
from handoff_service.rules.reports.figure_kinds import Unit
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.reports.intervals import Interval
from handoff_service.web.shared.local_formats import amount, costs, decimal, percent
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.template_filters import waited

MINUTE, HOUR, DAY = 60, 3600, 86_400


def figure_value(value: float | None, unit: Unit, currency: str | None = None) -> str:
    """Format a value with its unit: 1,204; 71.4 %; 12 min 30 s; 3.20 USD. None gives a dash."""
    if value is None:
        return "–"
    match unit:
        case Unit.SECONDS:
            return seconds(value)
        case Unit.PERCENT:
            return percent(decimal(value, 1))
        case Unit.MONEY:
            return _amount(value, currency) if currency else "–"
        case Unit.RATIO:
            return decimal(value, 2)
        case _:
            return decimal(value)


def interval_words(of: Interval) -> str:
    """Format the confidence interval of a percentage: (45–93 %)."""
    return f"({percent(f'{of.low:.0f}–{of.high:.0f}')})"


def _amount(value: float, currency: str) -> str:
    """Format an amount with two decimals. An amount below 1 has four decimals, because a text can
    cost less than a cent."""
    if abs(value) < money.MILLION:
        return amount(value / money.MILLION, currency, 4)
    return costs({currency: round(value)})


def seconds(value: float) -> str:
    """Format a duration in its two largest units: 42 s, 12 min 30 s, 3 h 05 min, 2 d 4 h."""
    whole = round(value)
    if whole < MINUTE:
        return shown(phrase("{seconds} s", seconds=whole))
    if whole < HOUR:
        left = f"{whole % MINUTE:02}"
        return shown(phrase("{minutes} min {seconds} s", minutes=whole // MINUTE, seconds=left))
    return waited(whole)


def plain(value: float | None, unit: Unit) -> str:
    """Format a value without its unit, for CSV. A percentage has one decimal, a ratio and money
    have two or more, and seconds and counts are whole numbers."""
    if value is None:
        return ""
    match unit:
        case Unit.PERCENT:
            return f"{value:.1f}"
        case Unit.MONEY:
            return money.in_currency(round(value))
        case Unit.RATIO:
            return f"{value:.2f}"
        case _:
            return f"{value:.0f}"


def change(value: float | None, before: float | None, unit: Unit) -> str:
    """Format the change of a value: +12 %, or −3.1 points if the value is a percentage. A change
    that rounds to zero gives ±0 % or ±0.0 points. Empty if a value is missing, or if ``before`` is
    0 and the value is no percentage."""
    if value is None or before is None:
        return ""
    if unit is Unit.PERCENT:
        return shown(phrase("{number} points", number=_signed(value - before, 1)))
    if not before:
        return ""
    return percent(_signed(100 * (value - before) / before, 0))


def _signed(number: float, places: int) -> str:
    rounded = float(f"{number:.{places}f}")
    return ("+" if rounded > 0 else "−" if rounded else "±") + decimal(abs(rounded), places)
