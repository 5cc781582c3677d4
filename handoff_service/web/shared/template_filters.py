"""Template filters that format times, names and numbers."""

import functools
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from handoff_service.rules.shared import names
from handoff_service.rules.shared.phrases import Phrase, phrase
from handoff_service.store.views import Medium
from handoff_service.web.shared.known_words import KNOWN_WORDS
from handoff_service.web.shared.local_formats import write_date
from handoff_service.web.shared.page_language import shown

_NOW = phrase("now")
NO_COUNTRY = phrase("no country")
LONGEST_NAME = 30  # characters
_BRACKETS = re.compile(r"\([^)]*\)|\[[^]]*\]")
_INITIAL = re.compile(r"(?<!\S)[^\w\s]*(\w)")
_MASK = re.compile("‹(name|number|email|code)›")
_STORED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


def unbroken(words: str) -> str:
    """Replace hyphens with non-breaking hyphens, to prevent a line break inside GSM-7."""
    return shown(words).replace("-", "\u2011")


@functools.lru_cache(10_000)  # formatting one takes 0.1 ms, and a list may show a thousand
def phone(number: str) -> str:
    """Format a number for reading: +1 202 555 0101."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return written.replace("-", " ")


def country(number: str) -> str:
    """Return the ISO code of a number's country, such as US."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or NO_COUNTRY
    except phonenumbers.NumberParseException:  # a short code, or a sender name
        return NO_COUNTRY


def initials(name: str) -> str:
    """Return the first letters of the first and the last word. A part in brackets, such as a
    department, counts only if there is nothing else."""
    words = _INITIAL.findall(_BRACKETS.sub(" ", name)) or _INITIAL.findall(name)
    return "".join(words[:1] + words[1:][-1:]).upper() or name[:1]


def first_name(name: str) -> str:
    """Return the name by which a text calls a person. Buttons and empty fields show it, so it has
    at most 30 characters."""
    called = names.first_name(name)
    return called if len(called) <= LONGEST_NAME else f"{called[: LONGEST_NAME - 1].rstrip()}…"


def words(name: str) -> str:
    """Return the phrase for a stored word or a slot name. Without a phrase, format the word itself:
    work_in_progress becomes Work in progress."""
    if name in KNOWN_WORDS:
        return KNOWN_WORDS[name]
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def masks(text: str) -> list[tuple[str, bool]]:
    """Split a masked text into pairs: the text of a part, and whether the part is a mask. Masks
    lose their quotation marks.
    """
    parts = _MASK.split(text)
    return [(part, bool(n % 2)) for n, part in enumerate(parts) if part]


def minutes(seconds: int) -> str:
    """Format a duration: 1:12, 1 h 05 min."""
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02}"
    return _hours(seconds // 60)


def reserved(medium: Medium, width: int, height: int) -> Markup:
    """Return the attributes ``width`` and ``height`` of a picture scaled to fit into this box.
    They reserve its space before it loads. Empty for a picture of unknown size."""
    if not medium.width or not medium.height:
        return Markup("")
    scale = min(width / medium.width, height / medium.height, 1)
    size = (max(round(medium.width * scale), 1), max(round(medium.height * scale), 1))
    return Markup('width="%d" height="%d"') % size


def waited(seconds: float) -> str:
    """Format a wait: 12 min, 1 h 05 min, 2 d 3 h."""
    minutes = int(seconds // 60)
    if minutes < 60:
        return _minutes(minutes)
    if minutes < 24 * 60:
        return _hours(minutes)
    return shown(phrase("{days} d {hours} h", days=minutes // 1440, hours=minutes // 60 % 24))


def _minutes(minutes: int) -> str:
    return shown(_minutes_phrase(minutes))


@functools.cache  # a list may show a thousand waits, with at most 60 different numbers
def _minutes_phrase(minutes: int) -> Phrase:
    return phrase("{minutes} min", minutes=minutes)


def _hours(minutes: int) -> str:
    whole, rest = divmod(minutes, 60)
    return shown(phrase("{hours} h {minutes} min", hours=whole, minutes=f"{rest:02}"))


def day_words(day: date, today: date) -> str:
    """Format a day: Today; Yesterday; Thursday, 19 November. Add the year if it is not this
    year."""
    if day == today:
        return shown(phrase("Today"))
    if day == today - timedelta(days=1):
        return shown(phrase("Yesterday"))
    words = weekday(day) if day.year == today.year else write_date(day, "weekday_day_year")
    return words[:1].upper() + words[1:]


def weekday(day: date) -> str:
    """Format a day: Thursday, 19 November."""
    return write_date(day, "weekday_day")


def _local(context: Context, at: datetime) -> tuple[datetime, datetime]:
    zone: ZoneInfo = context["zone"]
    now: datetime = context["now"]
    return at.astimezone(zone), now.astimezone(zone)


@pass_context
def clock(context: Context, at: datetime) -> str:
    return write_date(_local(context, at)[0], "clock")


@pass_context
def moment(context: Context, at: datetime) -> str:
    """Format a time: 09:52 if it is today, Thu 09:52 if it is less than a week away, else 3 Sep
    09:52."""
    at, now = _local(context, at)
    if at.date() == now.date():
        return write_date(at, "clock")
    is_near = abs(now.date() - at.date()) < timedelta(days=7)
    return write_date(at, "weekday_clock" if is_near else "day_clock")


@pass_context
def dated(context: Context, at: datetime) -> str:
    """Format a time with its date and year: 3 Sep 2026 09:52."""
    at, _ = _local(context, at)
    return write_date(at, "day_year_clock")


@pass_context
def time_in_words(context: Context, text: str) -> str:
    """Format a time that is stored as text: 3 Sep 2026 09:52. Return any other text unchanged."""
    is_time = _STORED_TIME.fullmatch(text)
    return dated(context, datetime.fromisoformat(text)) if is_time else text


@pass_context
def ahead(context: Context, at: datetime) -> str:
    """Format a future time: at 09:52 (if it is today), tomorrow at 09:52, or on 3 September at
    09:52."""
    at, now = _local(context, at)
    days = (at.date() - now.date()).days
    clock = write_date(at, "clock")
    if days == 0:
        return shown(phrase("at {time}", time=clock))
    if days == 1:
        return shown(phrase("tomorrow at {time}", time=clock))
    day = write_date(at, "month_day")
    return shown(phrase("on {day} at {time}", day=day, time=clock))


def there(at: datetime, zones: Sequence[ZoneInfo]) -> str:
    """Format a time in the requester's time zone: Tue 09:00. If the number can be in several time
    zones, give the range: Tue 06:00 to 09:00."""
    local = sorted({at.astimezone(zone).replace(tzinfo=None) for zone in zones})
    first, last = local[0], local[-1]
    start = write_date(first, "weekday_clock")
    if first == last:
        return start
    end = write_date(last, "clock" if first.date() == last.date() else "clock_weekday")
    return shown(phrase("{start} to {end}", start=start, end=end))


@pass_context
def lately(context: Context, at: datetime) -> str:
    """Format a past time: “now” within a minute, its age in minutes within an hour, else the time
    if it is today, else the day."""
    minutes = int((context["now"] - at).total_seconds() // 60)
    if minutes < 1:
        return shown(_NOW)
    if minutes < 60:
        return _minutes(minutes)
    at, now = _local(context, at)
    if at.date() == now.date():
        return write_date(at, "clock")
    if (now.date() - at.date()).days < 7:
        return write_date(at, "weekday")
    return write_date(at, "day" if at.year == now.year else "day_year")


@pass_context
def midnight(context: Context, day: date) -> datetime:
    """Return the start of a day in the desk's time zone."""
    return datetime.combine(day, time.min, context["zone"])


@pass_context
def day_name(context: Context, day: date) -> str:
    now: datetime = context["now"]
    return day_words(day, now.astimezone(context["zone"]).date())
