"""Make the bot processes run the models that the database names.

A promotion only writes to the database. This task then loads the promoted model into every bot
process that should run it. It runs right after a promotion and every few seconds, so it also
reaches bot processes that were down, and finishes a rollout after the service was killed. It also
judges the canary.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from handoff_service import log
from handoff_service.bot_control import model_folder
from handoff_service.errors import DatabaseAway
from handoff_service.operations.training.change_model import mark_missing, models_loaded
from handoff_service.operations.training.judge_canary import judge_canary
from handoff_service.ports.bot_models import BotModelNotLoaded, BotModels
from handoff_service.rules.shared.vocabulary import ModelState
from handoff_service.rules.training.canary import CanaryVerdict
from handoff_service.store.engine.store import Store
from handoff_service.store.training import models
from handoff_service.store.views.training import BotModel

EVERY = 5.0  # seconds between two checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A bot process. ``file``: the model that it has loaded; None: it does not answer, or has no
    model. ``wanted``: the model that it should load."""

    url: str
    file: str | None
    wanted: str
    is_canary: bool
    #: why it could not load the wanted model
    error: str | None = None


def canary_of(urls: Sequence[str]) -> str | None:
    """The address of the bot process that runs a canary. None if there is only one process."""
    return min(urls) if len(urls) > 1 else None


class ModelRollout:
    """Loads models into the bot processes. ``urls``: the addresses of the bot processes that take
    turns."""

    def __init__(self, store: Store, bots: BotModels, urls: Sequence[str], home: Path) -> None:
        self._store, self._bots, self._urls, self._home = store, bots, list(urls), home
        self._errors: dict[str, str] = {}
        self._wake = asyncio.Event()

    @property
    def has_canary(self) -> bool:
        return canary_of(self._urls) is not None

    def trigger(self) -> None:
        """Check now, because the wanted models may have changed."""
        self._wake.set()

    async def run(self) -> None:
        """Check every few seconds until canceled."""
        await self.note_missing_files()
        while True:
            try:
                await self.step()
            except DatabaseAway as error:
                log.warning("rollout_waits", error=error)
            try:
                async with asyncio.timeout(EVERY):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def step(self) -> list[Process]:
        """Judge the canary, then load the wanted models, first into the canary's process. Returns
        the state of the processes after that; empty if no model is promoted yet."""
        verdict = await self._store.write(judge_canary, None)
        if verdict not in (None, CanaryVerdict.WAIT):
            log.info("canary_judged", verdict=verdict)
        running = await self._store.read(models.in_state, ModelState.RUNNING)
        if running is None:
            return []
        # write the file before the processes load the model, so that a process that restarts in the
        # meantime loads the right model
        await asyncio.to_thread(self._keep_running, running)
        found = await self.processes()
        late = [one for one in found if one.file is not None and one.file != one.wanted]
        for process in sorted(late, key=lambda one: not one.is_canary):
            await self._load(process)
        if late:
            await self._store.write(models_loaded, None)
        return await self.processes()

    async def processes(self) -> list[Process]:
        """Each bot process with its loaded and its wanted model."""
        running = await self._store.read(models.in_state, ModelState.RUNNING)
        canary = await self._store.read(models.in_state, ModelState.CANARY)
        files = await asyncio.gather(*(self._bots.running(url) for url in self._urls))
        first = canary_of(self._urls)
        if running is None:
            return []
        found = []
        for url, file in zip(self._urls, files, strict=True):
            trial = canary if url == first else None
            wanted = (trial or running).file
            # another process of the service may have loaded the model since the error
            error = self._errors.get(url) if file != wanted else None
            found.append(
                Process(url=url, file=file, wanted=wanted, is_canary=trial is not None, error=error)
            )
        return found

    async def _load(self, process: Process) -> None:
        try:
            await self._bots.load(process.url, process.wanted)
        except BotModelNotLoaded as error:
            self._errors[process.url] = str(error)
            log.warning("model_not_loaded", bot=process.url, file=process.wanted, error=error)
        else:
            self._errors.pop(process.url, None)
            log.info("model_loaded", bot=process.url, file=process.wanted)

    def _keep_running(self, running: BotModel) -> None:
        path = model_folder.folder(self._home) / running.file
        if path.is_file() and model_folder.running_file(self._home) != path:
            model_folder.set_running(self._home, running.file)

    async def note_missing_files(self) -> None:
        """Record which models' files are no longer in the models folder."""
        folder = model_folder.folder(self._home)
        missing = [
            one.hash
            for one in await self._store.read(models.list_)
            if not (folder / one.file).is_file()
        ]
        if missing:
            await self._store.write(mark_missing, missing)
