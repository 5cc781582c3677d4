"""The timers' benchmark distinguishes late, early, repeated and missing firings."""

from datetime import UTC, datetime, timedelta

from tests.bench.timers import compare

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_firings_are_compared_with_due_times() -> None:
    due = {1: after(0), 2: after(1), 3: after(2), 4: after(3)}
    fired = [(1, after(0.5)), (2, after(0.9)), (3, after(2)), (3, after(2.1))]
    found = compare(due, fired)
    assert found.late == [500, -100, 0]
    assert (found.early, found.twice, found.missed) == (1, 1, 1)
