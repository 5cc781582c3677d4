"""The week grid agrees with the expression that it writes."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.routing.week_grid import DAYS, Week, parse, read_times, write

OFFICE = ((480, 1080),)
WEEKDAYS = dict.fromkeys(DAYS[:5], OFFICE)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)

UNDERSTOOD = {
    "Mo-Fr 08:00-18:00": Week(times=WEEKDAYS),
    "Mo-Fr 08:00-18:00; PH off": Week(times=WEEKDAYS, closed_on_holidays=True),
    "Mo-Fr 08:00-18:00; Sa 09:00-12:00": Week(times=WEEKDAYS | {"Sa": ((540, 720),)}),
    "Mo-We,Fr 08:00-12:00,13:00-18:00": Week(
        times=dict.fromkeys(("Mo", "Tu", "We", "Fr"), ((480, 720), (780, 1080)))
    ),
    "Mo-Fr 08:00-18:00; Fr 08:00-12:00": Week(times=WEEKDAYS | {"Fr": ((480, 720),)}),
    "Mo-Su 08:00-18:00; Sa,Su off": Week(times=WEEKDAYS | {"Sa": (), "Su": ()}),
    "24/7": Week(times=dict.fromkeys(DAYS, ((0, 1440),))),
    "": Week(times=dict.fromkeys(DAYS, ((0, 1440),))),
    "Sa-Mo 10:00-24:00": Week(times=dict.fromkeys(("Sa", "Su", "Mo"), ((600, 1440),))),
}
RICHER = (
    "Mo-Fr 22:00-02:00",
    "Mo-Fr 08:00-18:00; 2026 Dec 24-31 off",
    "Mo-Fr 08:00-18:00; PH 10:00-12:00",
    "week 1-20 Mo-Fr 08:00-18:00",
    "Mo[1] 08:00-18:00",
    "sunrise-sunset",
    "Mo-Fr 08:00+",
    "Mo-Fr 08:00-18:00 || Sa 09:00-10:00",
    'Mo 08:00-10:00 "by appointment"',
    "weekdays",
)


@pytest.mark.parametrize("expression", UNDERSTOOD)
def test_the_grid_reads_common_expressions(expression: str) -> None:
    assert parse(expression) == UNDERSTOOD[expression]


@pytest.mark.parametrize("expression", RICHER)
def test_the_grid_does_not_read_complex_expressions(expression: str) -> None:
    assert parse(expression) is None


@pytest.mark.parametrize("expression", UNDERSTOOD)
def test_the_written_expression_has_the_same_hours_as_the_grid(expression: str) -> None:
    written = write(UNDERSTOOD[expression])
    same = parse(written)
    assert same is not None
    assert {day: same.times.get(day, ()) for day in DAYS} == {
        day: UNDERSTOOD[expression].times.get(day, ()) for day in DAYS
    }
    before, after = (Schedule(one or None, "UTC", "US") for one in (expression, written))
    for hour in range(0, 7 * 24):
        at = MONDAY + timedelta(hours=hour, minutes=30)
        assert before.is_open(at) == after.is_open(at), (at, written)


def test_the_shortest_form_is_written() -> None:
    week = Week(times=WEEKDAYS | {"Sa": ((540, 720),)}, closed_on_holidays=True)
    assert write(week) == "Mo-Fr 08:00-18:00; Sa 09:00-12:00; PH off"
    assert write(Week()) == "off"


@pytest.mark.parametrize(
    ("typed", "times"),
    [
        ("8-18", OFFICE),
        ("8:00 - 12, 13-18", ((480, 720), (780, 1080))),
        ("13-18, 8-12", ((480, 720), (780, 1080))),
        ("closed", ()),
        ("", ()),
    ],
)
def test_typed_times_are_parsed(typed: str, times: object) -> None:
    assert read_times(typed) == times


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("8am", "Write times such as"),
        ("18-8", "must end after"),
        ("8-25", "from 00:00 to 24:00"),
        ("8-12, 11-13", "overlap"),
        ("08:75-09:00", "from 00:00 to 24:00"),
    ],
)
def test_wrong_times_get_a_helpful_error(typed: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_times(typed)
