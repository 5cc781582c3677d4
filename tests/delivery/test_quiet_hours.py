"""Quiet hours in the requester's time zone: across midnight, in several zones, and at clock
changes.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from handoff_service.lib import phone_regions
from handoff_service.rules.delivery.quiet_hours import earliest_send_time, parse

NEW_YORK, LOS_ANGELES = ZoneInfo("America/New_York"), ZoneInfo("America/Los_Angeles")


@pytest.mark.parametrize(
    ("written", "now", "zones", "over"),
    [
        ("21:00-08:00", "2026-11-24T01:59", [NEW_YORK], None),
        ("21:00-08:00", "2026-11-24T02:00", [NEW_YORK], "2026-11-24T13:00"),
        ("21:00-08:00", "2026-11-24T12:59", [NEW_YORK], "2026-11-24T13:00"),
        ("21:00-08:00", "2026-11-24T13:00", [NEW_YORK], None),
        ("21:00-08:00", "2026-11-24T13:00", [NEW_YORK, LOS_ANGELES], "2026-11-24T16:00"),
        ("21:00-08:00", "2026-11-24T03:00", [NEW_YORK, LOS_ANGELES], "2026-11-24T16:00"),
        # the night when the clocks go back
        ("21:00-08:00", "2026-11-01T01:30", [NEW_YORK], "2026-11-01T13:00"),
        ("12:00-13:30", "2026-11-24T17:15", [NEW_YORK], "2026-11-24T18:30"),
        ("12:00-13:30", "2026-11-24T18:30", [NEW_YORK], None),
        ("00:00-08:00", "2026-11-24T05:00", [NEW_YORK], "2026-11-24T13:00"),
        ("21:00-08:00", "2026-11-24T02:00", [], None),
    ],
)
def test_quiet_hours_end_at_the_right_time(
    written: str, now: str, zones: list[ZoneInfo], over: str | None
) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    expected = datetime.fromisoformat(over).replace(tzinfo=UTC) if over else None
    assert earliest_send_time(parse(written), at, zones) == expected


@pytest.mark.parametrize(
    "written", ["", "21-8", "21:00", "25:00-08:00", "21:00-21:00", "21:60-08:00"]
)
def test_invalid_times_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match="21:00-08:00"):
        parse(written)


@pytest.mark.parametrize(
    ("number", "said", "zones"),
    [
        ("+12025550101", None, ["America/New_York"]),
        ("+12135550101", None, ["America/Los_Angeles"]),
        ("+4915112345678", None, ["Europe/Berlin"]),
        ("+12025550101", "Asia/Tokyo", ["Asia/Tokyo"]),
        ("+12025550101", "nowhere", ["America/New_York"]),
        ("72355", None, ["Europe/Paris"]),
    ],
)
def test_a_recipients_number_decides_the_time_zones(
    number: str, said: str | None, zones: list[str]
) -> None:
    assert [
        zone.key
        for zone in phone_regions.of_number(number, known_zone=said, instead="Europe/Paris")
    ] == zones
