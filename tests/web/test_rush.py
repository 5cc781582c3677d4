"""A rush: many requests while the event loop is behind. A loop that was held up by something else is none."""

import asyncio

import pytest

from handoff_service.web import rush
from handoff_service.web.rush import LONGEST, MANY, Rush


class Loop:
    """A loop that comes round when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.ticks: list[object] = []
        monkeypatch.setattr(rush, "monotonic", lambda: self.now)
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: self)

    def call_later(self, _seconds: float, tick: object) -> None:
        self.ticks.append(tick)

    def goes_round(self, seconds: float) -> None:
        self.now += seconds
        ticks, self.ticks = self.ticks, []
        for tick in ticks:
            tick()  # type: ignore[operator]


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    return Loop(monkeypatch)


@pytest.mark.parametrize(
    ("requests", "seconds", "on"),
    [
        (MANY + 10, LONGEST + 0.1, True),
        (MANY + 10, 0.05, False),  # many, and the loop keeps up
        (5, 10.0, False),  # few: something else took the loop's time
    ],
)
def test_rush(loop: Loop, requests: int, seconds: float, on: bool) -> None:
    found = Rush()
    for _ in range(requests):
        found.is_on()
    loop.now += seconds
    assert found.is_on() is on


def test_a_rush_ends_when_the_loop_has_caught_up(loop: Loop) -> None:
    found = Rush()
    for _ in range(2 * MANY):
        found.is_on()
    loop.goes_round(LONGEST)
    loop.now += 0.01
    assert found.is_on()
    for _ in range(3):
        for _ in range(2 * MANY):
            found.is_on()
        loop.goes_round(0.05)
    assert not found.is_on()


def test_idle_it_does_nothing(loop: Loop) -> None:
    found = Rush()
    found.is_on()
    loop.goes_round(0.05)
    assert loop.ticks
    loop.goes_round(0.05)
    loop.goes_round(0.05)
    assert not loop.ticks
    loop.now += 3600
    assert not found.is_on(), "the first request after a quiet hour"
