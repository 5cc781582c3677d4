"""A token bucket for each key, which fills with time."""

from datetime import UTC, datetime, timedelta

from handoff_service.lib.rate_limit import RateLimits

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_minutes_worth_is_allowed_at_once_and_then_one_at_a_time() -> None:
    limits = RateLimits()
    assert [limits.take(1, 3, NOW) for _ in range(4)] == [0, 0, 0, 20]
    assert limits.take(2, 3, NOW) == 0, "each key has its own"
    assert limits.take(1, 3, NOW + timedelta(seconds=15)) == 5
    assert limits.take(1, 3, NOW + timedelta(seconds=20)) == 0
    assert limits.take(1, 3, NOW + timedelta(hours=1)) == 0
    assert limits.take(1, 3, NOW - timedelta(hours=1)) == 0, "a clock that goes back refuses nobody"


def test_a_worker_with_a_share_below_one_still_lets_one_through() -> None:
    limits = RateLimits()
    assert limits.take(1, 0.5, NOW) == 0
    assert limits.take(1, 0.5, NOW) == 120
