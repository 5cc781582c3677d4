"""Filters of the templates: how pages write times, names and numbers."""

import functools
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from handoff_service.store.views import Medium
from handoff_service.web.shared.known_words import KNOWN_WORDS
from handoff_service.web.shared.page_language import shown

_MASK = re.compile("‹(name|number|email|code)›")
_STORED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


def unbroken(words: str) -> str:
    """Return words with hyphens at which no line breaks, such as in GSM-7."""
    return shown(words).replace("-", "\u2011")


@functools.lru_cache(10_000)  # 0.1 ms each, and a list may show a thousand
def phone(number: str) -> str:
    """Format a number for reading: +1 202 555 0101."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return written.replace("-", " ")


def country(number: str) -> str:
    """Return the ISO code of a number's country: US."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or "no country"
    except phonenumbers.NumberParseException:  # a short code, or a sender name
        return "no country"


def initials(name: str) -> str:
    """Return the first letters of the first and the last word."""
    parts = name.split()
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper()


def words(name: str) -> str:
    """Format a stored word or a slot's name for reading: work_in_progress -> Work in progress. The
    known words are phrases."""
    if name in KNOWN_WORDS:
        return KNOWN_WORDS[name]
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def masks(text: str) -> list[tuple[str, bool]]:
    """A masked text in parts; whether a part is a mask, which is then without its marks."""
    parts = _MASK.split(text)
    return [(part, bool(n % 2)) for n, part in enumerate(parts) if part]


def minutes(seconds: int) -> str:
    """Format a duration: 1:12, 1 h 05 min."""
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02}"
    return f"{seconds // 3600} h {seconds // 60 % 60:02} min"


def reserved(medium: Medium, width: int, height: int) -> Markup:
    """Return the attributes that keep a picture's place in at most this box, before it loads. The
    size is unknown for a picture that nobody could measure."""
    if not medium.width or not medium.height:
        return Markup("")
    scale = min(width / medium.width, height / medium.height, 1)
    size = (max(round(medium.width * scale), 1), max(round(medium.height * scale), 1))
    return Markup('width="%d" height="%d"') % size


def waited(seconds: float) -> str:
    """Format a wait: 12 min, 1 h 05 min, 2 d 3 h."""
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes // 60 % 24} h"


def day_words(day: date, today: date) -> str:
    """Format a day: Today, Yesterday, Thursday, 19 November; with the year if it is another
    year."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    text = f"{day:%A}, {day.day} {day:%B}"
    return text if day.year == today.year else f"{text} {day.year}"


def _local(context: Context, at: datetime) -> tuple[datetime, datetime]:
    zone: ZoneInfo = context["zone"]
    now: datetime = context["now"]
    return at.astimezone(zone), now.astimezone(zone)


@pass_context
def clock(context: Context, at: datetime) -> str:
    return f"{_local(context, at)[0]:%H:%M}"


@pass_context
def moment(context: Context, at: datetime) -> str:
    """Format a time: 09:52 today, Thu 09:52 within a week before or after, otherwise 3 Sep
    09:52."""
    at, now = _local(context, at)
    if at.date() == now.date():
        return f"{at:%H:%M}"
    return (
        f"{at:%a %H:%M}"
        if abs(now.date() - at.date()) < timedelta(days=7)
        else f"{at.day} {at:%b %H:%M}"
    )


@pass_context
def dated(context: Context, at: datetime) -> str:
    """Format a time that may be far away: 3 Sep 2026 09:52."""
    at, _ = _local(context, at)
    return f"{at.day} {at:%b %Y %H:%M}"


@pass_context
def time_in_words(context: Context, text: str) -> str:
    """Format a time that a record stores as text: 3 Sep 2026 09:52. Other text stays as it is."""
    is_time = _STORED_TIME.fullmatch(text)
    return dated(context, datetime.fromisoformat(text)) if is_time else text


@pass_context
def ahead(context: Context, at: datetime) -> str:
    """Format a future time: at 09:52 today, tomorrow at 09:52, otherwise on 3 September at
    09:52."""
    at, now = _local(context, at)
    days = (at.date() - now.date()).days
    day = "" if days == 0 else "tomorrow " if days == 1 else f"on {at.day} {at:%B} "
    return f"{day}at {at:%H:%M}"


def there(at: datetime, zones: Sequence[ZoneInfo]) -> str:
    """A time by the requester's clock: Tue 09:00; Tue 06:00 to 09:00 for a number that several
    zones share."""
    local = sorted({at.astimezone(zone).replace(tzinfo=None) for zone in zones})
    first, last = local[0], local[-1]
    if first == last:
        return f"{first:%a %H:%M}"
    return f"{first:%a %H:%M} to {last:%H:%M}" + (
        "" if first.date() == last.date() else f" {last:%a}"
    )


@pass_context
def lately(context: Context, at: datetime) -> str:
    """Format a past time: relative within an hour, then the clock time, then the day."""
    at, now = _local(context, at)
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    if at.date() == now.date():
        return f"{at:%H:%M}"
    days = (now.date() - at.date()).days
    return (
        f"{at:%a}"
        if days < 7
        else f"{at.day} {at:%b}"
        if at.year == now.year
        else f"{at.day} {at:%b %Y}"
    )


@pass_context
def midnight(context: Context, day: date) -> datetime:
    """Return the start of a day in the desk's time zone."""
    return datetime.combine(day, time.min, context["zone"])


@pass_context
def day_name(context: Context, day: date) -> str:
    now: datetime = context["now"]
    return day_words(day, now.astimezone(context["zone"]).date())
