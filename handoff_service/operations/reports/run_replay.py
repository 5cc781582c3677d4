"""Carry out a dry run of a routing change: read the past, replay it without and with the change,
and compare.

The dry run reads with reader connections and computes in a thread, in short slices, so it does not
block writes. About once a second, it stores its progress and checks whether somebody has canceled
it. After a restart, it starts from the beginning.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff_service import log
from handoff_service.operations.reports.replays import ReplayProgress, put_progress
from handoff_service.operations.shared.job import Job
from handoff_service.rules.routing.replay import Replay
from handoff_service.rules.routing.replay_change import (
    REPLAYED_DAYS,
    ReplayChange,
    ReplayState,
)
from handoff_service.rules.routing.replay_figures import CANNOT_KNOW, Counting, ReplayFigures
from handoff_service.store.reports import replay_data, replay_desk, replay_past, replays
from handoff_service.store.reports.replay_data import AT_ONCE, OwedInConversation
from handoff_service.store.reports.replay_desk import ReplayInputs
from handoff_service.store.reports.replay_past import ReplayPast
from handoff_service.store.reports.replays import RESULT, ReplayResult

SLICE = 0.05  # the length of a slice of computing, in seconds
WRITES_EVERY = 1.0  # seconds between two writes of the progress
MOST_ATTEMPTS = 3
READING = 50  # the progress in percent after the past has been read
COUNTED_AT_ONCE = 50


class _Stopped(Exception):
    """Somebody has canceled the dry run."""


@dataclass(slots=True)
class _ProgressWriter:
    """Stores the progress, at most once in ``WRITES_EVERY`` seconds. Raises _Stopped when somebody
    has canceled the dry run."""

    job: Job
    written_at: float = 0.0

    async def write(self, percent: float) -> None:
        now = time.monotonic()
        if now - self.written_at < WRITES_EVERY:
            return
        self.written_at = now
        progress = ReplayProgress(replay_id=int(self.job.key), percent=int(percent))
        if not await self.job.write(put_progress, progress):
            raise _Stopped


async def when_due(job: Job) -> None:
    replay_id = int(job.key)
    if job.attempts > MOST_ATTEMPTS:
        failed = ReplayProgress(replay_id=replay_id, percent=0, state=ReplayState.FAILED)
        await job.write(put_progress, failed)
        return
    try:
        stored = await job.deps.store.read(replays.get, replay_id)
        result = await _result(job, stored.change)
    except _Stopped:
        log.info("replay_canceled", replay=replay_id)
        return
    done = ReplayProgress(
        replay_id=replay_id,
        percent=100,
        result=RESULT.dump_python(result, mode="json"),
        state=ReplayState.DONE,
    )
    await job.write(put_progress, done)
    log.info("replay_done", replay=replay_id, conversations=result.conversations)


async def _result(job: Job, change: ReplayChange) -> ReplayResult:
    progress = _ProgressWriter(job)
    until = job.deps.clock()
    since = until - timedelta(days=REPLAYED_DAYS)
    past = await _past(job, progress, since, until)
    read = job.deps.store.read
    now = await read(replay_desk.desk_now)
    logged = await read(replay_data.presences, since, until)
    longest = timedelta(days=max((one.affinity_days for one in now.queues.values()), default=0))
    numbers = {one.requester for one in past.arrivals}
    served = await read(replay_data.served_before, numbers, since - longest, since)
    today = ReplayChange(available=change.available)
    runs = [
        await asyncio.to_thread(replay_desk.inputs, now, one, logged, since, until)
        for one in (today, change)
    ]
    happened: list[ReplayFigures] = []
    await _in_slices(progress, _counted(past, runs[0], None, until, happened), READING, 60)
    for number, run in enumerate(runs):
        replay = Replay(desk=run.desk, arrivals=past.arrivals, end=until, served=served)
        begin = 60 + 20 * number
        await _in_slices(progress, replay.run(), begin, begin + 12)
        counting = _counted(past, run, replay, until, happened)
        await _in_slices(progress, counting, begin + 12, begin + 20)
    return ReplayResult(
        since=since,
        until=until,
        conversations=len(past.arrivals),
        happened=happened[0],
        before=happened[1],
        after=happened[2],
        cannot_know=list(CANNOT_KNOW),
    )


async def _past(
    job: Job, progress: _ProgressWriter, since: datetime, until: datetime
) -> ReplayPast:
    read = job.deps.store.read
    found = await read(replay_data.items, since, until)
    ids = list(dict.fromkeys(one.interaction_id for one in found))
    about: dict[int, OwedInConversation] = {}
    for start in range(0, len(ids), AT_ONCE):
        about |= await read(replay_data.conversations, ids[start : start + AT_ONCE])
        await progress.write(READING * start / len(ids))
    return await asyncio.to_thread(replay_past.past_of, found, about)


def _counted(
    past: ReplayPast,
    run: ReplayInputs,
    replay: Replay | None,
    until: datetime,
    into: list[ReplayFigures],
) -> Iterator[float]:
    """Compute the figures of a run and add them to ``into``. ``replay`` None: the figures of the
    real past. Yields the progress (0 to 1)."""
    counting = Counting(rules=run.rules, available=run.available, end=until)
    outcomes = past.happened if replay is None else replay.outcomes
    for number, one in enumerate(past.arrivals):
        counting.add(one, outcomes[one.id], past.answers[one.id])
        if number % COUNTED_AT_ONCE == 0:
            yield number / len(past.arrivals)
    into.append(counting.figures())


async def _in_slices(
    progress: _ProgressWriter, steps: Iterator[float], begin: int, end: int
) -> None:
    """Run a generator in a thread, one slice at a time. ``begin``, ``end``: the progress in percent
    before and after it."""

    def a_slice() -> float | None:
        until = time.monotonic() + SLICE
        for share in steps:
            if time.monotonic() >= until:
                return share
        return None

    while (share := await asyncio.to_thread(a_slice)) is not None:
        await progress.write(begin + (end - begin) * share)
