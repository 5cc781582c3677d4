"""The supervisor of background tasks restarts, counts and names a failing task."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from handoff_service.errors import DatabaseAway
from handoff_service.lib import background
from handoff_service.lib.background import Background
from handoff_service.lib.debounce import Debouncer


async def wait_until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.001)


async def test_a_task_that_fails_or_ends_is_restarted_and_counted() -> None:
    runs: list[int] = []
    failed: list[str] = []

    async def run() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            raise ValueError("broken")
        if len(runs) > 2:
            await asyncio.Event().wait()  # The third run does not end.

    tasks = Background(failed.append, pause=0.001)
    tasks.start("one", run)
    await wait_until(lambda: len(runs) == 3)
    assert failed == ["one", "one"]
    await tasks.stop()


async def test_a_task_that_keeps_failing_is_named_until_it_runs_without_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = True
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if broken:
            raise ValueError
        await asyncio.Event().wait()

    tasks = Background(pause=0.001)
    tasks.start("one", run)
    tasks.start("other", lambda: asyncio.Event().wait())  # type: ignore[arg-type,return-value]
    assert tasks.failing() == {}
    await wait_until(lambda: runs > 2)
    assert list(tasks.failing()) == ["one"]
    assert "times in a row (ValueError)" in tasks.failing()["one"]
    broken, before = False, runs
    await wait_until(lambda: runs > before)
    assert list(tasks.failing()) == ["one"], "the task has only just restarted"
    monkeypatch.setattr(background, "RAN_WELL", 0.0)
    assert tasks.failing() == {}
    await tasks.stop()


async def test_the_pauses_between_restarts_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            enough.set()
            await asyncio.Event().wait()

    async def run() -> None:
        raise OSError

    monkeypatch.setattr(background.asyncio, "sleep", sleep)
    tasks = Background()
    tasks.start("one", run)
    await asyncio.wait_for(enough.wait(), 10)
    await tasks.stop()
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]


async def test_stopping_one_task_does_not_stop_the_others() -> None:
    tasks = Background()
    ended: list[str] = []

    async def run(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    tasks.start("one", lambda: run("one"))
    tasks.start("other", lambda: run("other"))
    with pytest.raises(ValueError, match="started already"):
        tasks.start("one", lambda: run("one"))
    await asyncio.sleep(0)
    await tasks.stop("one")
    assert ended == ["one"]
    await tasks.stop()
    assert ended == ["one", "other"]


@pytest.mark.parametrize("error", [DatabaseAway("away"), ValueError("broken")])
async def test_a_trigger_is_kept_until_its_work_has_succeeded(error: Exception) -> None:
    """After a Refusal the task retries the work at once. After any other error the supervisor
    restarts the task. In both cases the trigger is not lost.
    """
    errors: list[Exception] = [error, error]
    done = 0

    async def work() -> None:
        nonlocal done
        if errors:
            raise errors.pop()
        done += 1

    failed: list[str] = []
    tasks, soon = Background(failed.append, pause=0.001), Debouncer(work, timedelta(milliseconds=1))
    tasks.start("soon", soon.run)
    for _ in range(3):
        soon.trigger()
    await wait_until(lambda: done)
    assert (done, len(failed)) == (1, 2 * isinstance(error, ValueError))
    soon.trigger()
    await wait_until(lambda: done == 2)
    await tasks.stop()
