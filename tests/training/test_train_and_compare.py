"""A training run from the button to its results, with the real Rasa and a small bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from handoff_service.bot_control import measure_model, model_folder
from handoff_service.bot_control.train_and_compare import TrainAndCompare
from handoff_service.errors import Conflict
from handoff_service.operations.training.change_model import (
    Promote,
    RunAtStart,
    promote,
    run_at_start,
)
from handoff_service.operations.training.training_run import (
    SILENT,
    StartRun,
    cancel_run,
    interrupt,
    start_run,
)
from handoff_service.rules.shared.vocabulary import ModelState, RunState, TrainingStep
from handoff_service.store.engine.store import Store
from handoff_service.store.training import models, runs
from handoff_service.store.views.training import TrainingRun
from tests.conftest import MovedClock
from tests.support.rasa_server import need_bot_environment
from tests.training.light import data_folder, teach
from tests.training.model_story import pin

GREETED = "+      - howdy friend\n"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Use only SQLite, because training takes long. test_change_model.py uses both databases."""
    return sqlite_url


@pytest.fixture
def root(tmp_path: Path) -> Path:
    need_bot_environment()
    return data_folder(tmp_path)


@pytest.fixture
def training(store: Store, tmp_path: Path, root: Path) -> TrainAndCompare:
    return TrainAndCompare(store, tmp_path, root)


@pytest.fixture
async def background(training: TrainAndCompare) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(training.run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def latest(store: Store) -> TrainingRun:
    found = await store.read(runs.latest)
    assert found is not None
    return found


async def wait_for_end(store: Store) -> TrainingRun:
    while (found := await latest(store)).state is RunState.RUNNING:
        await asyncio.sleep(0.1)
    return found


async def in_step(store: Store, step: TrainingStep) -> None:
    while (found := await latest(store)).step is not step:
        assert found.state is RunState.RUNNING, found.error
        await asyncio.sleep(0.1)


@pytest.mark.usefixtures("background")
async def test_a_run_trains_and_compares_a_model_whose_promotion_is_refused(
    store: Store, training: TrainAndCompare, root: Path, tmp_path: Path
) -> None:
    await training.start(StartRun(note="the first one"))
    run = await wait_for_end(store)
    assert (run.state, run.error, run.step) == (RunState.DONE, None, TrainingStep.MEASURE)
    first = await store.read(models.get, run.model or "")
    assert (first.state, first.note, first.parent) == (ModelState.CANDIDATE, "the first one", None)
    await store.write(run_at_start, RunAtStart(hash=first.hash))

    # "hello" is pinned as a report, so the service refuses every model that answers with a
    # greeting.
    teach(root, "greet", "howdy friend")
    await store.write(pin, "hello")
    await training.start(StartRun())
    run = await wait_for_end(store)
    assert run.state is RunState.DONE, run.error
    second = await store.read(models.get, run.model or "")
    assert (second.parent, second.state) == (first.hash, ModelState.CANDIDATE)
    assert GREETED in second.data_diff
    assert second.scores is not None
    found = measure_model.comparison_of(second.scores)
    assert (found.pinned, found.stories.passed, found.macro_f1_new) == (1, 1, 1.0)
    with pytest.raises(Conflict) as refused:
        await store.write(promote, Promote(hash=second.hash))
    assert refused.value.detail == (
        "The required text “hello” must mean report_problem. The new model takes it for greet, the "
        "running one for greet."
    )
    texts = measure_model.compared_texts(tmp_path, second)
    assert {one.text for one in texts} >= {"hello", "hello you", "my printer is broken"}
    # Both files exist.
    assert {first.file, second.file} <= {path.name for path in (tmp_path / "models").iterdir()}
    data = model_folder.kept_data(tmp_path / "models" / first.file)
    assert model_folder.put_data_back(root, data) == ["data/nlu.yml"]


@pytest.mark.usefixtures("background")
async def test_a_trainer_cancels_a_run_and_starts_another(
    store: Store, training: TrainAndCompare
) -> None:
    await training.start(StartRun())
    with pytest.raises(Conflict, match="under way"):
        await training.start(StartRun())
    await in_step(store, TrainingStep.CHECK)
    await store.write(cancel_run, None)
    assert (await wait_for_end(store)).state is RunState.CANCELED
    await training.start(StartRun())
    await store.write(cancel_run, None)
    assert (await wait_for_end(store)).state is RunState.CANCELED
    assert await store.read(models.list_) == []


@pytest.mark.usefixtures("background")
async def test_an_error_in_the_data_names_the_fix(
    store: Store, training: TrainAndCompare, root: Path
) -> None:
    domain = root / "domain.yml"
    domain.write_text(domain.read_text().replace("Hello.", "Hello “you”."))
    await training.start(StartRun())
    run = await wait_for_end(store)
    assert (run.state, run.step) == (RunState.FAILED, TrainingStep.CHECK)
    assert run.error is not None
    assert run.error.startswith("The check found faults in the data. Correct them, then start")
    assert "utter_greet" in run.error


async def test_a_run_whose_service_is_stopped_is_interrupted(
    store: Store, training: TrainAndCompare
) -> None:
    task = asyncio.create_task(training.run())
    await training.start(StartRun())
    await in_step(store, TrainingStep.CHECK)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await latest(store)).state is RunState.INTERRUPTED


async def test_a_run_whose_process_is_gone_is_interrupted(store: Store, clock: MovedClock) -> None:
    await store.write(start_run, StartRun())
    await store.write(interrupt, SILENT)
    assert (await latest(store)).state is RunState.RUNNING
    clock.move(SILENT.total_seconds())
    await store.write(interrupt, SILENT)
    run = await latest(store)
    assert run.state is RunState.INTERRUPTED
    assert "Start the training again" in (run.error or "")
    await store.write(start_run, StartRun())
    await store.write(interrupt, timedelta())  # The start of a service with SQLite does the same.
    assert (await latest(store)).state is RunState.INTERRUPTED
