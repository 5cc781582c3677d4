"""Quiet hours: when a requester is sent nothing that is no answer, by their own clock.

What is no answer: a prompt to the requester, and what an agent writes before the requester has written.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_WRITTEN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day until another, of the next day where that is not later."""

    begin: time
    end: time


def parse(written: str) -> QuietHours:
    """``21:00-08:00``. ValueError says what is right."""
    found = _WRITTEN.fullmatch(written.strip().replace(" ", ""))
    if found is None or found.group(1, 2) == found.group(3, 4):
        raise ValueError("must be two times of the day, such as 21:00-08:00")
    hours = [int(part) for part in found.groups()]
    return QuietHours(time(hours[0], hours[1]), time(hours[2], hours[3]))


def over_at(quiet: QuietHours, now: datetime, zones: Iterable[ZoneInfo]) -> datetime | None:
    """When it is quiet in none of these zones any more, an aware UTC time; None: it is in none of them now."""
    at = now
    for _ in range(10):  # the end in one zone may be quiet in another
        ends = [end for zone in zones if (end := _end(quiet, at, zone)) is not None]
        if not ends:
            break
        at = max(ends)
    return None if at == now else at


def _end(quiet: QuietHours, at: datetime, zone: ZoneInfo) -> datetime | None:
    local = at.astimezone(zone)
    clock, over_night = local.time(), quiet.end < quiet.begin
    inside = clock >= quiet.begin or clock < quiet.end if over_night else quiet.begin <= clock < quiet.end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if over_night and clock >= quiet.begin else 0)
    return datetime.combine(day, quiet.end, zone).astimezone(at.tzinfo)
