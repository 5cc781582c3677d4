"""Quiet hours: the hours of a requester's local time in which the desk sends them only replies.

The events in ``vocabulary.NOT_REPLIES`` mark texts that are not replies: prompts to the requester,
follow-ups of the virtual agent, scheduled texts, agents' texts before the requester has written,
texts about resolved cases and ended outages, and satisfaction questions.
"""

import re
from bisect import bisect
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handoff_service.rules.shared.phrases import phrase

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_WRITTEN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Quiet hours from one time of day to another. If the end is not later than the start, it is on
    the next day."""

    begin: time
    end: time


def parse(written: str) -> QuietHours:
    """Parse ``21:00-08:00``. The ValueError names the right format."""
    found = _WRITTEN.fullmatch(written.strip().replace(" ", ""))
    if found is None or found.group(1, 2) == found.group(3, 4):
        raise ValueError(phrase("must be two times of the day, such as 21:00-08:00"))
    hours = [int(part) for part in found.groups()]
    return QuietHours(time(hours[0], hours[1]), time(hours[2], hours[3]))


def earliest_send_time(
    quiet: QuietHours, now: datetime, zones: Collection[ZoneInfo], since: datetime | None = None
) -> datetime | None:
    """When a text may be sent to somebody in one of these zones, as an aware UTC time. None: now.

    With one zone, that is the end of its quiet hours. With several, it is the first moment within a
    day of ``since`` when more than half of the zones are outside their quiet hours. If there is no
    such moment, it is the first moment at which the largest number of zones is outside them.
    ``since``: when the text was written; None: now.
    """
    open_now = _open_zones(quiet, now, zones)
    if 2 * open_now > len(zones) or not zones:
        return None
    later = sorted({at for zone in zones for at in _openings(quiet, now, zone) if at > now})
    soon = [at for at in later if at <= (since or now) + _DAY]
    # If the text is old, or if quiet hours last nearly the whole day, quiet hours may end in no
    # zone within a day of ``since``.
    within = bool(open_now) or any(_open_zones(quiet, at, zones) for at in soon)
    best, best_open = None, open_now
    for at in soon if within else later:
        count = _open_zones(quiet, at, zones)
        if count > best_open:
            best, best_open = at, count
        if 2 * count > len(zones):
            break
    return best


def _open_zones(quiet: QuietHours, at: datetime, zones: Iterable[ZoneInfo]) -> int:
    return sum(_is_open(quiet, at, zone) for zone in zones)


def _is_open(quiet: QuietHours, at: datetime, zone: ZoneInfo) -> bool:
    """Whether a text may be sent by this zone's clock.

    If a clock change skips all the minutes that are not quiet, the text may be sent right after the
    change, because it would otherwise wait for another day.
    """
    local = at.astimezone(zone)
    clock = local.time()
    if quiet.begin < quiet.end:
        return not quiet.begin <= clock < quiet.end
    if quiet.end <= clock < quiet.begin:
        return True
    first = datetime.combine(local.date(), quiet.end, zone)
    after = datetime.combine(local.date(), quiet.begin, zone)
    if not (_is_skipped(first) and _is_skipped(after - _MINUTE)):
        return False
    begin = first.astimezone(UTC)
    return begin <= at < begin + (after - first)


def _is_skipped(local: datetime) -> bool:
    """Whether clocks skip this local time when they go forward."""
    existing = local.astimezone(UTC).astimezone(local.tzinfo)
    return existing.replace(tzinfo=None, fold=0) != local.replace(tzinfo=None, fold=0)


def _openings(quiet: QuietHours, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """When quiet hours may end: at their end time on the days around ``now``, and at a clock change
    within a day. The end time may occur twice on a day when clocks go back."""
    today = now.astimezone(zone).date()
    for day in range(-1, 4):
        end = datetime.combine(today + timedelta(days=day), quiet.end, zone)
        for fold in (0, 1):
            yield end.replace(fold=fold).astimezone(UTC)
    before = now.astimezone(UTC).replace(second=0, microsecond=0)
    offset = before.astimezone(zone).utcoffset()
    if (before + _DAY).astimezone(zone).utcoffset() != offset:
        change = bisect(
            range(24 * 60), False, key=lambda m: _moved(before + m * _MINUTE, zone, offset)
        )
        yield before + change * _MINUTE


def _moved(at: datetime, zone: ZoneInfo, offset: timedelta | None) -> bool:
    return at.astimezone(zone).utcoffset() != offset
