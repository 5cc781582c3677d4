"""Schedules: open and closed times, holidays, and the hour that a clock change removes or adds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff_service.lib.opening_hours import OpenTimes, Schedule, error, in_words

OFFICE = Schedule("Mo-Fr 08:00-18:00; PH off", "America/New_York", "US")


def ny(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """Return a time in New York in winter."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) + timedelta(hours=5)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        pytest.param(ny(23, 8), True, id="Monday, as it opens"),
        pytest.param(ny(23, 7, 59), False, id="a minute before"),
        pytest.param(ny(23, 18), False, id="as it closes"),
        pytest.param(ny(26, 12), False, id="Thanksgiving"),
        pytest.param(ny(28, 12), False, id="Saturday"),
    ],
)
def test_a_schedule_is_open_or_closed_at_each_moment(at: datetime, is_open: bool) -> None:
    assert OFFICE.is_open(at) is is_open


def test_the_schedule_opens_after_the_holiday() -> None:
    assert OFFICE.opens_at(ny(25, 20)) == ny(27, 8)
    assert OFFICE.opens_at(ny(23, 9)) == ny(23, 9)
    assert OFFICE.closes_at(ny(23, 9)) == ny(23, 18)
    assert OFFICE.closes_at(ny(28, 9)) is None


def test_open_time_leaves_out_nights_weekends_and_holidays() -> None:
    assert OFFICE.after(ny(23, 17), timedelta(hours=2)) == ny(24, 9)
    assert OFFICE.after(ny(25, 17), timedelta(hours=2)) == ny(27, 9)
    assert OFFICE.after(ny(28, 3), timedelta(minutes=30)) == ny(30, 8, 30)
    assert OFFICE.open_between(ny(25, 17), ny(27, 9)) == timedelta(hours=2)


def test_the_day_on_which_summer_time_ends_has_one_more_hour() -> None:
    all_day = Schedule("24/7", "America/New_York")
    # midnight before the day on which summer time ends
    start = datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert all_day.after(start, timedelta(hours=25)) == start + timedelta(hours=25)
    night = Schedule("Su 00:00-04:00", "America/New_York")
    assert night.open_between(start, start + timedelta(days=1)) == timedelta(hours=5)


@given(
    st.integers(0, 40 * 1440),
    st.integers(1, 60 * 60),
    st.sampled_from([OFFICE, Schedule(None, "UTC")]),
)
def test_precomputed_opening_times_agree_with_the_schedule(
    begins: int, minutes: int, schedule: Schedule
) -> None:
    start = ny(1, 0)
    end = start + timedelta(days=60)
    at, duration = start + timedelta(minutes=begins), timedelta(minutes=minutes)
    expected = schedule.after(at, duration)
    assert expected is not None
    assert OpenTimes(schedule, start, end).after(at, duration) == (
        expected if expected <= end else None
    )


def test_without_a_schedule_a_queue_is_always_open() -> None:
    always = Schedule(None, "UTC")
    assert always.is_open(ny(28, 3))
    assert always.after(ny(28, 3), timedelta(hours=1)) == ny(28, 4)
    assert always.closes_at(ny(28, 3)) is None


@pytest.mark.parametrize("expression", ["24/7", "Mo-Su 00:00-24:00"])
def test_hours_around_the_clock_never_close(expression: str) -> None:
    schedule = Schedule(expression, "America/New_York", "US")
    assert schedule.opens_at(ny(28, 3)) == ny(28, 3)
    assert schedule.closes_at(ny(28, 3)) is None


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (None, "always open"),
        ("24/7", "always open"),
        ("Mo-Fr 08:00-18:00; PH off", "Mon to Fri, 08:00 to 18:00; closed on public holidays"),
        ("Mo,We 08:00-12:00,13:00-17:00", "Mon, Wed, 08:00 to 12:00, 13:00 to 17:00"),
        ("Sa[1] 10:00-11:00; 2026 Dec 24-31 off", "Sa[1] 10:00-11:00; 2026 Dec 24-31 off"),
    ],
)
def test_a_schedule_is_described_in_words(expression: str | None, said: str) -> None:
    assert in_words(expression) == said


@pytest.mark.parametrize(
    ("expression", "country", "said"),
    [
        ("Mo-Zz 9", None, "cannot be read as opening hours"),
        ("Mo-Fr 08:00-18:00; PH off", "XX", "none are known for the country “XX”; leave out PH"),
        ("off", None, "never open"),
    ],
)
def test_problems_of_a_schedule_are_reported(
    expression: str, country: str | None, said: str
) -> None:
    assert said in (error(expression, country) or "")
    assert error("Mo-Fr 08:00-18:00; PH off", "US") is None
