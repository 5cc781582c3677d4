"""Rules for targets: when they are due, with opening hours and holds, and whether they were met."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.lib.opening_hours import Schedule
from handoff_service.rules.routing.targets import (
    HeldTime,
    QueueTargets,
    Span,
    counted,
    due_moment,
    errors,
    minutes_of,
    moment,
    was_met,
)
from handoff_service.rules.shared.vocabulary import TargetKind

OFFICE = Schedule("Mo-Fr 08:00-18:00", "UTC")
ALWAYS = Schedule(None, "UTC")
NEVER = Schedule("off", "UTC")


def at(written: str) -> datetime:
    """Return a time in the week from Monday, 2 November 2026, such as ``Mo 09:00``."""
    day, clock = written.split()
    hour, minute = clock.split(":")
    number = 2 + ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "Mo2"].index(day)
    return datetime(2026, 11, number, int(hour), int(minute), tzinfo=UTC)


def holds(*written: tuple[str, str | None]) -> list[HeldTime]:
    return [HeldTime(at(began), at(ended) if ended else None) for began, ended in written]


# name, opening hours, start, minutes, holds -> due time, due-soon time
DUE = [
    ("always open", ALWAYS, "Mo 09:00", 40, [], "Mo 09:40", "Mo 09:30"),
    ("within a day", OFFICE, "Mo 09:00", 40, [], "Mo 09:40", "Mo 09:30"),
    ("begins while closed", OFFICE, "Mo 06:00", 40, [], "Mo 08:40", "Mo 08:30"),
    ("continues overnight", OFFICE, "Mo 17:40", 40, [], "Tu 08:20", "Tu 08:10"),
    ("continues after a weekend", OFFICE, "Fr 17:00", 120, [], "Mo2 09:00", "Mo2 08:30"),
    ("ends as the queue closes", OFFICE, "Mo 17:20", 40, [], "Mo 18:00", "Mo 17:50"),
    ("a hold", ALWAYS, "Mo 09:00", 40, [("Mo 09:10", "Mo 09:20")], "Mo 09:50", "Mo 09:40"),
    (
        "two holds",
        ALWAYS,
        "Mo 09:00",
        40,
        [("Mo 09:10", "Mo 09:20"), ("Mo 09:30", "Mo 10:00")],
        "Mo 10:20",
        "Mo 10:10",
    ),
    ("a hold overnight", OFFICE, "Mo 17:00", 80, [("Mo 17:40", "Tu 09:00")], "Tu 09:40",
        "Tu 09:20"),
    ("a hold while closed", OFFICE, "Mo 17:40", 40, [("Mo 19:00", "Mo 23:00")], "Tu 08:20",
        "Tu 08:10"),
    ("a hold before the start", ALWAYS, "Mo 09:00", 40, [("Mo 08:00", "Mo 08:30")], "Mo 09:40",
        "Mo 09:30"),
    ("a hold around the start", ALWAYS, "Mo 09:00", 40, [("Mo 08:00", "Mo 09:30")], "Mo 10:10",
        "Mo 10:00"),
    ("a hold after it was due", ALWAYS, "Mo 09:00", 40, [("Mo 10:00", "Mo 11:00")], "Mo 09:40",
        "Mo 09:30"),
    ("a hold that began as it was due", ALWAYS, "Mo 09:00", 40, [("Mo 09:40", None)], "Mo 09:40",
        "Mo 09:30"),
    ("on hold now", ALWAYS, "Mo 09:00", 40, [("Mo 09:10", None)], None, None),
    ("on hold in the last quarter", ALWAYS, "Mo 09:00", 40, [("Mo 09:35", None)], None, None),
    ("never open", NEVER, "Mo 09:00", 40, [], None, None),
]  # fmt: skip


@pytest.mark.parametrize("case", DUE, ids=[one[0] for one in DUE])
def test_opening_hours_and_holds_decide_when_a_target_is_due(
    case: tuple[str, Schedule, str, int, list[tuple[str, str | None]], str, str],
) -> None:
    _, hours, start, minutes, held, due, soon = case
    found = due_moment(at(start), minutes, holds(*held), hours)
    assert found.due_at == (at(due) if due else None)
    assert found.soon_at == (at(soon) if soon else None)


@pytest.mark.parametrize(
    ("what", "held", "left"),
    [
        ("not on hold", [("Mo 09:10", "Mo 09:20")], None),
        ("on hold", [("Mo 09:10", None)], 30),
        ("on hold again", [("Mo 09:10", "Mo 09:20"), ("Mo 09:40", None)], 10),
        ("on hold from the start", [("Mo 08:00", None)], 40),
        ("on hold after it was due", [("Mo 10:00", None)], None),
    ],
)
def test_a_hold_stops_the_time_that_is_left(
    what: str, held: list[tuple[str, str | None]], left: int | None
) -> None:
    found = due_moment(at("Mo 09:00"), 40, holds(*held), ALWAYS)
    assert found.left == (timedelta(minutes=left) if left is not None else None), what


@pytest.mark.parametrize(
    ("minutes_left", "expected"),
    [(10, "Mo 09:30"), (40, "Mo 09:00"), (90, "Mo 09:00"), (0, "Mo 09:40"), (-30, "Mo 10:10")],
)
def test_the_time_with_some_minutes_left_is_never_before_the_start(
    minutes_left: int, expected: str
) -> None:
    assert moment(at("Mo 09:00"), timedelta(minutes=40 - minutes_left), [], OFFICE) == at(expected)


def test_counted_time_leaves_out_holds_and_closed_hours() -> None:
    held = holds(("Mo 09:00", "Mo 10:00"), ("Mo 17:30", "Tu 08:30"))
    assert counted(at("Mo 08:00"), at("Tu 09:00"), held, OFFICE) == timedelta(hours=9)


# name, time of the answer or end, whether an answer ended it, now -> met
MET = [
    ("in time", "Mo 09:30", True, "Mo 12:00", True),
    ("just in time", "Mo 09:40", True, "Mo 12:00", True),
    ("late", "Mo 09:41", True, "Mo 12:00", False),
    ("still open", None, False, "Mo 09:39", None),
    ("overdue", None, False, "Mo 09:41", False),
    ("gave up early", "Mo 09:30", False, "Mo 12:00", None),
    ("gave up late", "Mo 10:30", False, "Mo 12:00", False),
]


@pytest.mark.parametrize("case", MET, ids=[one[0] for one in MET])
def test_a_target_is_met_missed_or_still_undecided(
    case: tuple[str, str | None, bool, str, bool | None],
) -> None:
    _, ended, reached, now, met = case
    span = Span(TargetKind.FIRST_RESPONSE, at("Mo 09:00"), at(ended) if ended else None, reached)
    assert was_met(span, 40, [], OFFICE, at(now)) is met


def test_a_target_of_a_queue_that_never_opens_counts_as_met() -> None:
    span = Span(TargetKind.RESOLUTION, at("Mo 09:00"), at("Fr 09:00"), reached=True)
    assert was_met(span, 40, [], NEVER, at("Fr 10:00"))


def test_each_priority_has_its_targets() -> None:
    targets = [QueueTargets(priority=1, first_response=15), QueueTargets(priority=3, resolution=60)]
    assert minutes_of(targets, 1, TargetKind.FIRST_RESPONSE) == 15
    assert minutes_of(targets, 1, TargetKind.RESOLUTION) is None
    assert minutes_of(targets, 2, TargetKind.FIRST_RESPONSE) is None
    assert errors(targets) is None
    assert errors([*targets, QueueTargets(priority=1)]) == "names priority 1 twice"
