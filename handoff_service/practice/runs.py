"""Starts, opens and ends this process's practice runs. Idle runs end after an hour."""

import asyncio
import secrets
import shutil

from sqlalchemy import Connection

from handoff_service import log
from handoff_service.context import AppContext, PracticeMark
from handoff_service.errors import Conflict, NotAllowed, NotFound
from handoff_service.operations.desk import sign_in
from handoff_service.operations.routing.presence import SetPresence, set_presence
from handoff_service.operations.training.practice_runs import (
    BeginPractice,
    EndPractice,
    begin_practice,
    end_practice,
    enter_practice,
    interrupt_practice,
)
from handoff_service.practice.desk import close_desk
from handoff_service.practice.desk_content import AGENT_ID, Material, read_material
from handoff_service.practice.open_run import OpenRun, open_run
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Presence
from handoff_service.rules.training.practice import (
    ENDS_AFTER,
    MOST_AT_ONCE,
    PracticeChoice,
    PracticeState,
    why_too_few,
)
from handoff_service.settings import Settings
from handoff_service.store.desk.agents import agents_by_id, presence_choices
from handoff_service.store.privacy import erasures

LOOK_EVERY = 30.0  # seconds between two searches for idle runs
OFF = phrase(
    "Practice is off, because several processes serve this desk. A practice desk "
    "exists in one process, and other processes cannot reach it. An admin can run one "
    "process: PATCHBOARD_WORKERS=1, without PATCHBOARD_REDIS_URL."
)
TOO_MANY = phrase("Three practice runs are already open. Try again when one has ended.")


class PracticeRuns:
    """All practice runs of this process. Call ``resume`` before any other method."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.home / "practice"
        #: whether this service can have practice desks; with Redis, other hosts may also serve this
        #: desk
        self.is_on = settings.workers == 1 and settings.redis_url is None
        self._open: dict[int, OpenRun] = {}
        # this keeps the tokens of ended runs, so that their pages can show the score
        self._run_of_token: dict[str, int] = {}
        self._starting = asyncio.Lock()
        self._real: AppContext | None = None

    async def resume(self, real: AppContext) -> None:
        """Mark the runs that an earlier process has left open as interrupted, and delete their
        files."""
        self._real = real
        if not self.is_on:
            return
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        if lost := await real.store.for_own_work().write(interrupt_practice, None):
            log.warning("practice_interrupted", count=lost)

    async def start(self, agent_id: int, started_by: int, choice: PracticeChoice) -> int:
        """Prepare a practice desk and return the run's id. Raises Conflict if there are too few
        conversations or too many open runs, if the agent has an open run, or if several processes
        serve the desk. Raises BadInput for an agent who cannot practice, and NotFound for an
        unknown queue."""
        real = self._desk()
        if not self.is_on:
            raise Conflict(OFF)
        async with self._starting:
            if len(self._open) >= MOST_AT_ONCE:
                raise Conflict(TOO_MANY)
            erased = await real.store.read(erasures.newest)
            material = await real.store.read(read_material, agent_id, choice)
            found = len(material.conversations)
            if found < choice.conversations:
                why = why_too_few(found, choice.conversations)
                raise Conflict.at("conversations", why)
            command = BeginPractice(
                agent_id=agent_id, started_by=started_by, choice=choice, conversations=found
            )
            run_id = await real.store.write(begin_practice, command)
            try:
                self._open[run_id] = await self._opened(run_id, agent_id, choice, material, erased)
            except BaseException:
                failed = EndPractice(run_id=run_id, state=PracticeState.INTERRUPTED)
                await real.store.for_own_work().write(end_practice, failed)
                raise
        log.info("practice_started", run=run_id, agent=agent_id, conversations=found)
        return run_id

    async def _opened(
        self, run_id: int, agent_id: int, choice: PracticeChoice, material: Material, erased: int
    ) -> OpenRun:
        async def finished() -> None:
            await self.end(run_id, PracticeState.FINISHED)

        mark = PracticeMark(
            run_id=run_id, agent_id=agent_id, conversations=len(material.conversations)
        )
        folder = self._folder / str(run_id)
        return await open_run(self._desk(), mark, folder, choice, material, finished, erased)

    async def enter(self, run_id: int, agent_id: int) -> str:
        """Let the agent enter the practice desk. Returns the token of a session on it. Raises
        NotFound if the run is not open, NotAllowed for any other agent, and Conflict while routing
        could offer real work to the agent."""
        run = self._open.get(run_id)
        if run is None or run.ending:
            raise NotFound(phrase("The practice run {run_id} is not open.", run_id=run_id))
        mark = run.desk.practice
        if mark is None or mark.agent_id != agent_id:
            raise NotAllowed(phrase("Only the agent of this practice run may open its desk."))
        real = self._desk()
        if await real.store.read(_takes_work, agent_id):
            raise Conflict(
                phrase(
                    "Set yourself to Away first, so that you get no offers from real requesters."
                )
            )
        await real.store.write(enter_practice, run_id)
        token, store = secrets.token_urlsafe(32), run.desk.store
        opened = sign_in.OpenSession(AGENT_ID, token)
        await store.write(sign_in.open_session, opened)
        await store.write(set_presence, SetPresence(agent_id=AGENT_ID, presence=Presence.AVAILABLE))
        self._run_of_token[token] = run_id
        self.acted(run_id)
        run.feeder.begin()
        return token

    def desk_of(self, token: str) -> AppContext | None:
        """The practice desk of this session. None if its run has ended, or for any other token."""
        run = self._open.get(self.run_of_token(token) or 0)
        return run.desk if run else None

    def run_of_token(self, token: str) -> int | None:
        """The run of this session, open or ended. None for any other token, also for one from an
        earlier process."""
        return self._run_of_token.get(token)

    def acted(self, run_id: int) -> None:
        """Record an action of the agent, so that the run does not count as idle."""
        if run_id in self._open:
            self._open[run_id].acted_at = asyncio.get_running_loop().time()

    def over(self, run_id: int) -> int:
        """How many conversations of a run are over."""
        return self._open[run_id].feeder.over if run_id in self._open else 0

    def run_of(self, agent_id: int) -> int | None:
        """The agent's open run."""
        marks = (run.desk.practice for run in self._open.values())
        return next((one.run_id for one in marks if one and one.agent_id == agent_id), None)

    async def end(self, run_id: int, state: PracticeState) -> None:
        """Score a run and delete its desk. Does nothing for a run that has ended.

        This stores the score before it closes the desk, because the desk's pages then show the
        score."""
        run = self._open.get(run_id)
        if run is None:
            return
        if run.ending is None:
            run.ending = asyncio.create_task(self._end(run_id, run, state), name="practice_end")
        await asyncio.shield(run.ending)

    async def _end(self, run_id: int, run: OpenRun, state: PracticeState) -> None:
        score = None
        try:
            await run.feeder.close()
            score = await run.score()
        finally:
            ended = EndPractice(run_id=run_id, state=state, score=score)
            await self._desk().store.for_own_work().write(end_practice, ended)
            del self._open[run_id]
            await close_desk(run.desk)
            log.info("practice_ended", run=run_id, state=state)

    async def watch(self) -> None:
        """End the runs that have been idle for an hour, and the runs that began before the newest
        erasure. Runs until canceled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self.end_idle()
            await self.end_after_erasure()

    async def end_after_erasure(self) -> None:
        """End the runs that began before the newest erasure request, because a run may contain the
        person's conversations."""
        if not self._open:
            return
        newest = await self._desk().store.for_own_work().read(erasures.newest)
        for run_id in [one for one, run in self._open.items() if run.erasures < newest]:
            await self.end(run_id, PracticeState.INTERRUPTED)

    async def end_idle(self) -> None:
        since = asyncio.get_running_loop().time() - ENDS_AFTER.total_seconds()
        for run_id in [one for one, run in self._open.items() if run.acted_at <= since]:
            await self.end(run_id, PracticeState.IDLE)

    async def close(self) -> None:
        """End all runs, because the service is stopping. Each run is scored for what the agent has
        done so far."""
        for run_id in list(self._open):
            await self.end(run_id, PracticeState.INTERRUPTED)

    def _desk(self) -> AppContext:
        assert self._real is not None, "call resume first"
        return self._real


def _takes_work(conn: Connection, agent_id: int) -> bool:
    """Whether routing could offer real work to the agent."""
    me = agents_by_id(conn, [agent_id])[agent_id]
    return any(one.takes_work for one in presence_choices(conn) if one.name == me.presence)
