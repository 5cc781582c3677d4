"""Each key has a token bucket, which fills over time."""

from datetime import UTC, datetime, timedelta

from handoff_service.lib.rate_limit import RateLimits

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_burst_of_one_minutes_limit_is_allowed_and_then_one_call_at_a_time() -> None:
    limits = RateLimits()
    assert [limits.take(1, 3, NOW) for _ in range(4)] == [0, 0, 0, 20]
    assert limits.take(2, 3, NOW) == 0, "each key has its own limit"
    assert limits.take(1, 3, NOW + timedelta(seconds=15)) == 5
    assert limits.take(1, 3, NOW + timedelta(seconds=20)) == 0
    assert limits.take(1, 3, NOW + timedelta(hours=1)) == 0
    assert limits.take(1, 3, NOW - timedelta(hours=1)) == 0, (
        "a clock that steps back causes no refusal"
    )


def test_a_worker_whose_share_is_below_one_still_allows_one_call() -> None:
    limits = RateLimits()
    assert limits.take(1, 0.5, NOW) == 0
    assert limits.take(1, 0.5, NOW) == 120
