"""The time picker: presets, custom times, and the chosen time in the requester's time zone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.errors import BadInput
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.future_times import LONGEST
from handoff_service.rules.delivery.quiet_hours import earliest_send_time
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.conversations import conversations, requester_zones
from handoff_service.store.desk import desk as desks
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.views import Interaction
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.session import LIVE, desk_of, page
from handoff_service.web.shared.template_filters import there

MORNING = time(9)
CUSTOM = "own"  # the choice that stands for a custom day and time
TOO_LATE = phrase("That is more than a year away. Choose an earlier time.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The current time, and the time zones of the desk and the requester."""

    now: datetime
    desk: ZoneInfo
    requester: Sequence[ZoneInfo]  #: the possible time zones of the requester


def tomorrow(now: datetime) -> datetime:
    """Return 09:00 on the next day, in the time zone of ``now``."""
    return datetime.combine(now.date() + timedelta(days=1), MORNING, now.tzinfo)


def monday(now: datetime) -> datetime:
    """Return 09:00 on the next Monday, in the time zone of ``now``."""
    days = 7 - now.weekday()
    return datetime.combine(now.date() + timedelta(days=days), MORNING, now.tzinfo)


# choice -> its label, and the function from the current time to the chosen time
CHOICES: Mapping[str, tuple[str, Callable[[datetime], datetime]]] = {
    "1h": (phrase("In 1 hour"), lambda now: now + timedelta(hours=1)),
    "3h": (phrase("In 3 hours"), lambda now: now + timedelta(hours=3)),
    "tomorrow": (phrase("Tomorrow at 09:00"), tomorrow),
    "monday": (phrase("Monday at 09:00"), monday),
}


def clocks(conn: Connection, now: datetime, interaction_id: int, number: str) -> Clocks:
    """Read the time zones of the desk and the requester. ``number``: the requester's number."""
    zones = requester_zones.of_interactions(conn, {interaction_id: number})
    return Clocks(now=now, desk=ZoneInfo(desk_time_zone(conn)), requester=zones[interaction_id])


def chosen(choice: str, own: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the chosen time. ``zone``: the time zone of the choice. Raises BadInput for a custom
    time (``own``) that is not in the future or is more than a year away."""
    if choice in CHOICES:
        return CHOICES[choice][1](now.astimezone(zone))
    return own_time(own, zone, now)


def written(request: Request) -> str:
    """Return the form's custom day and time. They are two fields, because browsers show a combined
    field in their own format, such as 05:00 PM."""
    return _joined(
        form_field(request, "at"), form_field(request, "day"), form_field(request, "time")
    )


def _joined(at: str, day: str, time_of_day: str) -> str:
    return at.strip() or f"{day.strip()} {time_of_day.strip():0>5}"


def own_time(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Parse a custom day and time in the time zone ``zone``. Raises BadInput unless the time is in
    the future and within a year."""
    try:
        at = datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError as error:
        raise BadInput(
            phrase("Enter a date and time, such as {day} 17:00.", day=f"{now:%Y-%m-%d}")
        ) from error
    if not now < at <= now + LONGEST:
        raise BadInput(
            phrase("That time has passed. Choose a later one.") if at <= now else TOO_LATE
        )
    return at


@page(*LIVE)
async def when_fragment(request: Request, interaction_id: int, agent: CurrentAgent) -> HTTPResponse:
    """Describe the chosen time: the time here, the requester's time and, for a text, whether quiet
    hours delay it."""
    choice = request.args.get("until") or ""
    own = _joined("", request.args.get("day") or "", request.args.get("time") or "")
    sends = request.args.get("sends") == "1"
    now = desk_of(request).clock()

    def read(conn: Connection) -> dict[str, Any]:
        interaction = conversations.get(conn, interaction_id)
        return time_sentence(conn, interaction, choice, own, now, sends=sends)

    return render("when.html", now=now, **await desk_of(request).store.read(read))


def time_sentence(
    conn: Connection, interaction: Interaction, choice: str, own: str, now: datetime, *, sends: bool
) -> dict[str, Any]:
    """Return the template variables of the sentence under the time picker."""
    known = clocks(conn, now, interaction.id, interaction.requester_number)
    shown: dict[str, Any] = {
        "zone": known.desk,
        "interaction": interaction,
        "at": None,
        "problem": "",
        "quiet_until": None,
    }
    if choice not in CHOICES and (choice != CUSTOM or not own.strip(" 0")):
        return shown
    try:
        at = chosen(choice, own, zone_of(known, choice, sends=sends), now)
    except BadInput as error:
        return shown | {"problem": str(error)}
    quiet = desks.quiet_hours(conn) if sends else None
    later = earliest_send_time(quiet, at, known.requester) if quiet else None
    return shown | {
        "at": at,
        "there": there(at, known.requester),
        "quiet_until": later,
        "quiet_there": there(later, known.requester) if later else "",
    }


def zone_of(known: Clocks, choice: str, *, sends: bool) -> ZoneInfo:
    """Return the time zone for a choice. A preset for a text, such as "Tomorrow at 09:00", means
    the requester's time. Any other choice means the desk's time."""
    return known.requester[0] if sends and choice != CUSTOM else known.desk


PAGES: dict[str, Any] = {"/conversations/<interaction_id:int>/when": when_fragment}
