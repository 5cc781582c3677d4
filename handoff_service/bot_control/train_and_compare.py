"""Check the data, train a model and measure it, in the background of the service.

At most one run is under way at a time, across all processes. The database stores its progress, so
every process can show the run, cancel it, and notice that the run's process has ended.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from handoff_service import log
from handoff_service.bot_control import measure_model, model_folder, rasa_cli
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.measure_model import Measurement, RunningAnswers
from handoff_service.bot_control.processes import Canceled
from handoff_service.bot_control.trained_models import (
    as_measured,
    keep,
    recent_days,
    register,
    replayed,
    texts_to_measure_by,
)
from handoff_service.bot_control.training_progress import RunningStep
from handoff_service.bot_control.workbench import Workbench
from handoff_service.errors import Refusal, SetupError
from handoff_service.operations.training.replay import keep_replay
from handoff_service.operations.training.training_run import (
    INTERRUPTED,
    EndRun,
    Progress,
    StartRun,
    end_run,
    record_progress,
    start_run,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import ModelState, RunState, TrainingStep
from handoff_service.store.engine.store import Store
from handoff_service.store.training import models
from handoff_service.store.training.replay import RealText
from handoff_service.store.training.test_sets import MeasuredBy
from handoff_service.store.views.training import BotModel

REPLAYED_DAYS = 7
EVERY = 1.0  # seconds between two reports of progress
ADVICE = {
    TrainingStep.CHECK: phrase(
        "The check found faults in the data. Correct them, then start again."
    ),
    TrainingStep.TRAIN: phrase(
        "The training failed. Correct the problem that it names, then start "
        "again. The log has the details."
    ),
    TrainingStep.MEASURE: phrase(
        "The model is trained and kept, but it could not be measured. Measure it "
        "again; the log says what went wrong."
    ),
}


class TrainAndCompare:
    """Carries out training runs. ``root``: the folder with ``config.yml``, ``domain.yml`` and
    ``data/``."""

    def __init__(self, store: Store, home: Path, root: Path = ROOT) -> None:
        self._store, self.home, self.root = store, home, root
        self._wanted: asyncio.Queue[tuple[int, StartRun]] = asyncio.Queue()

    async def start(self, command: StartRun) -> int:
        """Start a run. Returns its id. Raises Conflict while another run is under way."""
        run_id = await self._store.write(start_run, command)
        self._wanted.put_nowait((run_id, command))
        return run_id

    async def run(self) -> None:
        """Carry out the runs that this process has started, until canceled."""
        while True:
            await self.carry_out(*await self._wanted.get())

    async def carry_out(self, run_id: int, command: StartRun) -> RunState:
        """Carry out one run. Canceling this task marks the run as interrupted."""
        current = RunningStep(TrainingStep.MEASURE if command.model else TrainingStep.CHECK)
        end = EndRun(run_id=run_id, state=RunState.INTERRUPTED, error=INTERRUPTED)
        try:
            hash = await self._carry_out(run_id, command, current)
            end = EndRun(run_id=run_id, state=RunState.DONE, model=hash)
        except Canceled:
            end = EndRun(run_id=run_id, state=RunState.CANCELED)
        except (SetupError, Refusal) as error:
            end = EndRun(
                run_id=run_id, state=RunState.FAILED, error=f"{ADVICE[current.step]}\n{error}"
            )
        except Exception as error:  # noqa: BLE001  # the run must end after any error
            log.warning("training_failed", error=error, run=run_id, step=current.step)
            reason = f"{ADVICE[current.step]}\n{type(error).__name__}: {error}"
            end = EndRun(run_id=run_id, state=RunState.FAILED, error=reason)
        finally:
            await asyncio.shield(self._store.write(end_run, end))
            log.info("training_ended", run=run_id, state=end.state, model=end.model)
        return end.state

    async def _carry_out(self, run_id: int, command: StartRun, current: RunningStep) -> str:
        with (
            Workbench(self.home, current.processes, current.report) as bench,
            Workbench(self.home, current.processes, _no_report, suffix="-beside") as second,
        ):
            beside = RunningAnswers(self.home, second)
            # this uses a second processor core while the first process trains the new model
            ahead = asyncio.create_task(self._ask_ahead(beside))
            try:
                return await self._measured(run_id, command, current, bench, beside)
            except BaseException:
                current.processes.cancel()
                raise
            finally:
                await asyncio.wait({ahead})

    async def _measured(
        self,
        run_id: int,
        command: StartRun,
        current: RunningStep,
        bench: Workbench,
        beside: RunningAnswers,
    ) -> str:
        """Train a model, unless the command names one, and measure it. Returns its hash."""
        if command.model:
            model = await self._store.read(models.get, command.model)
        else:
            await self._step(run_id, current, TrainingStep.CHECK, lambda: self._check(bench))
            path = await self._step(run_id, current, TrainingStep.TRAIN, lambda: self._train(bench))
            model = await self._register(path, command)
        running = await self._store.read(models.in_state, ModelState.RUNNING)
        if running is not None and running.hash == model.hash:
            running = None
        texts, real = await self._texts(running)

        def measure() -> Measurement:
            return measure_model.measure(
                self.home,
                self.root,
                model,
                running,
                texts=texts,
                also=[as_measured(one) for one in real],
                bench=bench,
                beside=beside,
            )

        measured = await self._step(run_id, current, TrainingStep.MEASURE, measure)
        await keep(self._store, self.home, model, measured)
        await self._store.write(keep_replay, replayed(model, real, measured))
        return model.hash

    async def _ask_ahead(self, beside: RunningAnswers) -> None:
        """Let the running model answer the texts now. The measurement then uses these answers."""
        running = await self._store.read(models.in_state, ModelState.RUNNING)
        if running is None or not (model_folder.folder(self.home) / running.file).is_file():
            return
        texts, real = await self._texts(running)
        asked = [*texts, *(as_measured(one) for one in real)]
        try:
            await asyncio.to_thread(beside.of, running, asked)
        # ignore the error here, because the measurement asks the model again and reports the error
        except SetupError as error:
            log.warning("running_model_not_asked", error=error)
        except Canceled:
            pass

    async def _texts(self, running: BotModel | None) -> tuple[list[MeasuredBy], list[RealText]]:
        """The texts for the measurement, and the real texts for the replay."""
        texts = await texts_to_measure_by(self._store, self.root)
        return texts, await self._store.read(recent_days, REPLAYED_DAYS) if running else []

    def _check(self, bench: Workbench) -> None:
        rasa_cli.check(self.home, self.root, bench=bench)

    def _train(self, bench: Workbench) -> Path:
        return rasa_cli.train(self.home, self.root, bench=bench)

    async def _register(self, path: Path, command: StartRun) -> BotModel:
        return await register(self._store, path, note=command.note, agent_id=command.agent_id)

    async def _step[T](
        self, run_id: int, current: RunningStep, step: TrainingStep, work: Callable[[], T]
    ) -> T:
        """Do the work in a thread, and store its progress every second. Raises Canceled, and the
        same errors as ``work``."""
        current.begin(step)
        task = asyncio.create_task(asyncio.to_thread(work))
        try:
            while True:
                at = Progress(
                    run_id=run_id,
                    step=step,
                    progress=current.progress(),
                    doing=current.doing,
                )
                try:
                    if not await self._store.write(record_progress, at):
                        current.processes.cancel()
                # if the database is down, the step continues and its progress is not stored
                except Refusal as error:
                    log.warning("training_not_reported", error=error, run=run_id)
                if (await asyncio.wait({task}, timeout=EVERY))[0]:
                    return task.result()
        finally:
            if not task.done():
                current.processes.cancel()
                await asyncio.wait({task})


def _no_report(_line: str) -> None:
    """Ignore the progress of the second process. The page shows only that of the first process."""
