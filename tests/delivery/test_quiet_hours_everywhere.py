"""Quiet hours for numbers of every region, at all times of the year. The default run is a sample
that takes seconds: each region, each of its types of numbers, some hours around each clock change,
some other hours, and a few quiet-hours settings. ``PATCHBOARD_LONG_TESTS=1`` tests every hour
around the clock changes and many more settings.
"""

import itertools
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from handoff_service.lib import phone_regions
from handoff_service.lib.region_zones import REGION_ZONES
from handoff_service.rules.delivery.quiet_hours import QuietHours, earliest_send_time

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
YEAR = [datetime(2026, 1, 1, tzinfo=UTC) + hour * HOUR for hour in range(365 * 24)]
WINDOWS = [QuietHours(time(b), time(e)) for b in range(24) for e in range(24) if b != e]
LONG = bool(os.environ.get("PATCHBOARD_LONG_TESTS"))


def all_zone_sets() -> set[tuple[str, ...]]:
    """Return the time zones of an example number of each type in each region."""
    found = set()
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in range(11):
            if (number := phonenumbers.example_number_for_type(region, kind)) is not None:
                written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
                zones = phone_regions.of_number(written, instead="Etc/UTC")
                found.add(tuple(sorted(zone.key for zone in zones)))
    return found


def same_clocks_once(sets: set[tuple[str, ...]]) -> list[list[ZoneInfo]]:
    """Return one set of zones for each combination of clocks, because many regions have the same
    clocks.
    """
    days = YEAR[::12]
    kept = {}
    for names in sorted(sets):
        zones = [ZoneInfo(name) for name in names]
        clocks = tuple(tuple(at.astimezone(zone).utcoffset() for at in days) for zone in zones)
        kept[tuple(sorted(map(hash, clocks)))] = zones
    return list(kept.values())


def instants(zones: list[ZoneInfo], some: random.Random) -> Iterator[datetime]:
    for zone in zones:
        for before, at in itertools.pairwise(YEAR):
            if before.astimezone(zone).utcoffset() != at.astimezone(zone).utcoffset():
                around = range(-30, 4) if LONG else some.sample(range(-30, 4), 2)
                yield from (
                    at + hour * HOUR + timedelta(minutes=some.choice((0, 15, 59)))
                    for hour in around
                )
    yield from some.sample(YEAR, 100 if LONG else 4)


def is_quiet(quiet: QuietHours, at: datetime, zone: ZoneInfo) -> bool:
    clock = at.astimezone(zone).time()
    inside = quiet.begin <= clock < quiet.end
    return inside if quiet.begin < quiet.end else clock >= quiet.begin or clock < quiet.end


def open_count(quiet: QuietHours, at: datetime, zones: list[ZoneInfo]) -> int:
    return sum(not is_quiet(quiet, at, zone) for zone in zones)


def check(quiet: QuietHours, now: datetime, zones: list[ZoneInfo]) -> None:
    at, leaves = now, earliest_send_time(quiet, now, zones)
    while leaves is not None:  # The rule runs again when the text is due.
        assert leaves > at, "the result is never in the past"
        at, leaves = leaves, earliest_send_time(quiet, leaves, zones, now)
    assert at <= now + DAY
    open_then = open_count(quiet, at, zones)
    if 2 * open_then > len(zones):
        return
    if (quiet.begin.hour - quiet.end.hour) % 24 == 1:
        # If the clocks skip the only open hour, the text may leave right after the change.
        return
    quarters = [now + quarter * HOUR / 4 for quarter in range(97)]
    assert open_then == max(open_count(quiet, quarter, zones) for quarter in quarters)


def test_a_text_leaves_within_a_day_and_in_allowed_hours() -> None:
    some = random.Random(12)  # the same sample every time
    for zones in same_clocks_once(all_zone_sets()):
        for now in instants(zones, some):
            for quiet in some.sample(WINDOWS, 40 if LONG else 3):
                check(quiet, now, zones)


@pytest.mark.parametrize(
    ("quiet", "now", "zone", "leaves"),
    [
        # the second 1:15 of this night
        ((17, 0, 1, 30), "2026-11-01T06:15", "America/New_York", "2026-11-01T06:30"),
        # 2:30 is skipped
        ((22, 0, 2, 30), "2026-03-29T00:10", "Europe/Berlin", "2026-03-29T01:00"),
        # the whole hour is skipped
        ((3, 0, 2, 0), "2026-03-08T06:10", "America/New_York", "2026-03-08T07:00"),
        # the second 1:30 of this night
        ((1, 45, 1, 15), "2026-04-04T14:50", "Australia/Lord_Howe", "2026-04-04T15:00"),
        # Each of the 25 hours is tested, and none is inside quiet hours.
        ((3, 0, 2, 59), "2026-10-31T07:00", "America/New_York", "2026-11-01T07:59"),
    ],
)
def test_quiet_hours_at_a_clock_change(
    quiet: tuple[int, int, int, int], now: str, zone: str, leaves: str
) -> None:
    window = QuietHours(time(*quiet[:2]), time(*quiet[2:]))
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert earliest_send_time(window, at, [ZoneInfo(zone)]) == datetime.fromisoformat(
        leaves
    ).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+18762101234", "America/Jamaica"),
        ("+447700900123", "Europe/London"),
        ("+18095551234", "America/Santo_Domingo"),
        ("+12425550000", "America/Nassau"),
        ("+17871234567", "America/Puerto_Rico"),
        ("+447797123456", "Europe/Jersey"),
        ("+61891621234", "Indian/Cocos"),
        ("+213551234567", "Africa/Algiers"),
        ("+3725123456", "Europe/Tallinn"),
        ("+77010009998", "Asia/Almaty Asia/Aqtobe"),
        ("+34612345678", "Europe/Madrid Atlantic/Canary"),
        ("+541122334455", REGION_ZONES["AR"]),
        ("+18005551234", REGION_ZONES["US"]),
        ("+15550001234", REGION_ZONES["US"]),
        ("+61412345678", REGION_ZONES["AU"]),
        ("+80012345678", "Asia/Tokyo"),  # A number without a region gets the desk's time zone.
        ("+210123456", "Asia/Tokyo"),
        ("72355", "Asia/Tokyo"),
    ],
)
def test_a_number_has_the_time_zones_of_its_region(number: str, zones: str) -> None:
    found = phone_regions.of_number(number, instead="Asia/Tokyo")
    assert sorted(zone.key for zone in found) == sorted(zones.split())


def test_every_region_has_known_time_zones() -> None:
    assert REGION_ZONES.keys() == phonenumbers.SUPPORTED_REGIONS
    for zones in REGION_ZONES.values():
        assert all(ZoneInfo(zone) for zone in zones.split())
