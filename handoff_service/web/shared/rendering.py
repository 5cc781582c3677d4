"""Page rendering: the templates, and how they write times, names and numbers."""

import functools
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import phonenumbers
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from sanic import Request
from sanic.response import HTTPResponse, empty, html, redirect

from handoff_service.errors import NotAllowed
from handoff_service.rules.conversations.media import in_words
from handoff_service.rules.delivery import money
from handoff_service.rules.delivery.sms_characters import (
    INVISIBLE,
    MEANINGLESS,
    STYLED,
    WRITTEN_ALIKE,
    is_visible,
)
from handoff_service.rules.delivery.sms_text import GSM_7, GSM_7_EXTENSION, LONGEST, MAX_BODY
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.names import first_name
from handoff_service.store.views import Medium
from handoff_service.web.shared import assets, directions, figure_words, links

_ADDRESS = re.compile(r"(localhost|[0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_MASK = re.compile("‹(name|number|email|code)›")
TEMPLATES = Path(__file__).parents[1] / "templates"
# used by segments.js
ALPHABETS = {
    "gsm7": GSM_7,
    "extension": GSM_7_EXTENSION,
    "most": LONGEST,
    "part": MAX_BODY,
    "alike": dict(WRITTEN_ALIKE),
    "styled": STYLED,
    "invisible": dict(INVISIBLE),
    "meaningless": MEANINGLESS,
}


def render(template: str, *, status: int = 200, **given: object) -> HTTPResponse:
    """Render a page or a fragment. Templates that show times need ``zone`` and ``now``."""
    return html(environment().get_template(template).render(**given), status=status)


def went_well(request: Request, to: str | None = None) -> HTTPResponse:
    """Answer a successful action: empty for the script, which learns of the change from the stream;
    a redirect to the next page for a plain form."""
    if "hx-request" in request.headers:
        return empty(headers={"HX-Redirect": to} if to else None)
    return redirect(to or "/workspace", status=303)


def went_back(request: Request, interaction_id: int) -> HTTPResponse:
    """Answer a successful action on a conversation: empty for the script; a redirect to the
    conversation for a plain form."""
    if "hx-request" in request.headers:
        return went_well(request)
    return went_well(request, f"/workspace/conversations/{interaction_id}")


def wants_page(request: Request) -> bool:
    """Return whether a person sees the answer as a page, rather than a script or an event
    stream."""
    return "hx-request" not in request.headers and "text/html" in request.headers.get("accept", "")


def from_this_site(request: Request) -> None:
    """Reject a request from another site's page, for forms before sign-in, where no session exists
    to tie a token to. Raises NotAllowed."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if site not in ("same-origin", "none") or (origin and not _is_ours(request, origin)):
        raise NotAllowed(
            "This request came from another site. If it did not, set PATCHBOARD_PUBLIC_URL "
            "to the address of this page."
        )


def _is_ours(request: Request, origin: str) -> bool:
    """Return whether this is the origin of the public address. Requests to an IP address or
    localhost are allowed too, because no site can point its own name at those, as it could with
    other names (DNS rebinding)."""
    ours = urlsplit(request.app.ctx.desk.settings.public_url)
    if origin.lower() == f"{ours.scheme}://{ours.netloc}".lower():
        return True
    scheme, _, netloc = origin.partition("://")
    return (
        scheme in ("http", "https")
        and netloc == request.host
        and _ADDRESS.fullmatch(netloc) is not None
    )


def form_field(request: Request, name: str) -> str:
    """Return a field of the sent form, or an empty string. Forms send line ends as CR LF; texts use
    LF."""
    fields: Any = request.form
    value = fields.get(name) if fields else None
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


@functools.cache
def environment() -> Environment:
    """Return the template environment. It escapes everything that a text contains."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(static=assets.address, sms=ALPHABETS, new_id=lambda: secrets.token_hex(12))
    made.filters.update(
        phone=phone,
        country=country,
        initials=initials,
        first_name=first_name,
        words=words,
        size=in_words,
        address=lambda of: urlencode(of, doseq=True),
        clock=_clock,
        moment=_moment,
        lately=_lately,
        ahead=_ahead,
        there=there,
        iso=lambda at: at.astimezone(UTC).isoformat(timespec="milliseconds"),
        day_name=_day_name,
        midnight=_midnight,
        weekday=lambda day: f"{day:%A}, {day.day} {day:%B}",
        minutes=minutes,
        waited=waited,
        duration=lambda written: durations.describe(durations.parse(written)),
        reserved=reserved,
        money=money.describe,
        figure=figure_words.figure_value,
        changed=figure_words.change,
        bdi=directions.bdi,
        isolated=directions.isolated,
        sentence=directions.sentence,
        linked=links.linked,
        masks=masks,
        visible=is_visible,
    )
    return made


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
    """Format a stored word or a slot's name for reading: work_in_progress -> Work in progress."""
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
def _clock(context: Context, at: datetime) -> str:
    return f"{_local(context, at)[0]:%H:%M}"


@pass_context
def _moment(context: Context, at: datetime) -> str:
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
def _ahead(context: Context, at: datetime) -> str:
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
def _lately(context: Context, at: datetime) -> str:
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
def _midnight(context: Context, day: date) -> datetime:
    """Return the start of a day in the desk's time zone."""
    return datetime.combine(day, time.min, context["zone"])


@pass_context
def _day_name(context: Context, day: date) -> str:
    now: datetime = context["now"]
    return day_words(day, now.astimezone(context["zone"]).date())
