"""The worker: claims due work and does it. When idle, it sleeps until the next due time or a nudge,
but at most ``LONGEST_SLEEP``."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from handoff_service import log
from handoff_service.errors import Unavailable
from handoff_service.operations.shared.failed_job import FailedJob, release_failed_job
from handoff_service.operations.shared.job import ClaimDropped, Job, WorkerDeps
from handoff_service.operations.work_kinds import WORK
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import claiming
from handoff_service.store.engine.claiming import Claimed
from handoff_service.store.engine.claims import renew

# Each pool has its kinds of work, and a limit of concurrent work items. A kind with a limit of its
# own has its own pool. All other kinds share the last pool.
POOLS = (
    *((frozenset({kind}), work.places) for kind, work in WORK.items() if work.places is not None),
    (frozenset(kind for kind, work in WORK.items() if work.places is None), 64),
)
# if a nudge from another process is lost, its work waits at most this long
LONGEST_SLEEP = timedelta(seconds=30)
AFTER_ERROR = timedelta(seconds=5)
RELEASE_ATTEMPTS = 10  # how often the worker tries to release failed work, once a second
RENEW_EVERY = 5.0  # seconds; much shorter than a lease, see context.py
# the worker renews a claim until this long after its first lease; such work probably never ends
LONGEST_WORK = timedelta(minutes=10)


def nudge_workers(workers: Iterable["Worker"], work_at: Mapping[Work, datetime]) -> None:
    """Wake the workers that have work. ``work_at``: kind of work -> when it is due."""
    for worker in workers:
        if moments := [at for kind, at in work_at.items() if kind in worker.kinds]:
            worker.nudge(min(moments))


def build_workers(deps: WorkerDeps) -> list["Worker"]:
    """The workers of one process. Several processes share the work, because each claims its own."""
    return [Worker(deps, kinds, at_once) for kinds, at_once in POOLS]


class Worker:
    """Does some kinds of work, a limited number of items at a time."""

    def __init__(
        self, deps: WorkerDeps, kinds: frozenset[Work] = frozenset(Work), at_once: int = 64
    ) -> None:
        self._deps = deps
        self.kinds = kinds
        self.name = (
            f"worker_{min(kinds)}"
            if len(kinds) == 1
            else f"worker_{min(kinds)}_and_{len(kinds) - 1}_more"
        )
        self._at_once = at_once
        self._nudged = asyncio.Event()
        # None: the worker is awake, and looks for work again before it sleeps
        self._sleeps_until: datetime | None = None
        self._busy: dict[asyncio.Task[None], Claimed] = {}
        self._claiming: asyncio.Task[Sequence[Claimed]] | None = None
        self._held: dict[int, Claimed] = {}  # the claimed work that is not done yet

    def nudge(self, at: datetime) -> None:
        """Announce work that is due at this time. A worker that would sleep longer wakes up."""
        if self._sleeps_until is None or at < self._sleeps_until:
            self._nudged.set()

    async def run(self) -> None:
        """Work until canceled. If the database is unavailable, this waits for it. It raises any
        other error. ``lib/background.py`` then starts the worker again, and ``/readyz`` names
        it."""
        async with asyncio.TaskGroup() as together:
            together.create_task(self._renew_claims())
            await self._claim_and_start()

    async def _claim_and_start(self) -> None:
        while True:
            self._nudged.clear()
            self._sleeps_until = None
            try:
                await self._start_due_work()
                pause = await self._deps.store.read(
                    claiming.next_due, self._deps.clock(), self.kinds
                )
            except Unavailable as error:  # the loop continues while the database is unavailable
                log.warning("worker_cannot_claim", error=error)
                self._deps.outage()
                pause = timedelta(seconds=1)
            pause = LONGEST_SLEEP if pause is None else min(pause, LONGEST_SLEEP)
            self._sleeps_until = self._deps.clock() + pause
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), pause.total_seconds())

    async def _renew_claims(self) -> None:
        """Renew the claims of running work. A process loses a claim only if it stalls, cannot reach
        the database, has ended, or does the work for longer than ``LONGEST_WORK``."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            now = self._deps.clock()
            held = [
                claimed for claimed in self._busy.values() if now < claimed.until + LONGEST_WORK
            ]
            if held:
                try:
                    await self._deps.store.write(renew, held)
                except Unavailable as error:  # ignore this, because the next renewal comes soon
                    log.warning("claims_not_renewed", error=error)

    async def step(self) -> int:
        """Do all work that is due now, once, and wait until it is done. Returns the number of
        items."""
        claimed = await self._deps.store.write(
            claiming.claim, claiming.Claim(self._at_once, self.kinds)
        )
        await asyncio.gather(*(self._do(c) for c in claimed))
        return len(claimed)

    async def close(self, patience: float = 0.0) -> None:
        """Wait up to ``patience`` seconds for running work, and release the rest, so that another
        process can claim it at once. Cancel ``run`` first."""
        if self._claiming is not None:
            await asyncio.wait([self._claiming])
        if self._busy:
            await asyncio.wait(self._busy, timeout=patience)
        for task in list(self._busy):
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
        if self._held:
            log.info("work_given_back", count=len(self._held))
            with suppress(Exception):  # without the database, the leases expire by themselves
                await self._deps.store.write(claiming.end_leases, list(self._held.values()))

    async def _start_due_work(self) -> None:
        while (room := self._at_once - len(self._busy)) > 0:
            self._claiming = asyncio.create_task(self._claim(room))
            # a claim must not be canceled halfway: see close
            claimed = await asyncio.shield(self._claiming)
            for one in claimed:
                task = asyncio.create_task(self._do(one))
                self._busy[task] = one
                task.add_done_callback(self._done)
            if len(claimed) < room:
                return
        await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
        self._nudged.set()

    async def _claim(self, room: int) -> Sequence[Claimed]:
        claimed = await self._deps.store.write(claiming.claim, claiming.Claim(room, self.kinds))
        self._held |= {one.id: one for one in claimed}
        return claimed

    def _done(self, task: asyncio.Task[None]) -> None:
        self._busy.pop(task, None)

    async def _do(self, claimed: Claimed) -> None:
        try:
            await WORK[claimed.kind].do(Job(claimed, self._deps))
        except ClaimDropped:
            pass
        except Exception as error:  # noqa: BLE001  # logged, and retried
            self._deps.metrics.work_failures.labels(claimed.kind).inc()
            log.warning(
                "work_failed",
                error=error,
                kind=claimed.kind,
                key=claimed.key,
                attempts=claimed.attempts,
            )
            await self._release_failed(claimed, type(error).__name__)
        self._held.pop(claimed.id, None)

    async def _release_failed(self, claimed: Claimed, error: str) -> None:
        """Release failed work. During a short outage of the database, try again, because waiting
        for the end of the lease would take longer. During a long outage, the lease expires by
        itself."""
        back = FailedJob(
            kind=claimed.kind,
            key=claimed.key,
            attempts=claimed.attempts,
            error=error,
            after=AFTER_ERROR,
        )
        for _ in range(RELEASE_ATTEMPTS):
            with suppress(Exception):
                with suppress(ClaimDropped):
                    await Job(claimed, self._deps).write(release_failed_job, back)
                return
            await asyncio.sleep(1)
