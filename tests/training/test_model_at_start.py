"""The model that the virtual agent loads when the service starts."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from handoff_service.bot_control import editing, model_folder, rasa_cli, rasa_environment
from handoff_service.bot_control.bot_data import BotData
from handoff_service.bot_control.fingerprint import fingerprint
from handoff_service.bot_control.trained_models import register
from handoff_service.bot_control.workbench import Workbench
from handoff_service.commands.model_at_start import ensure_model
from handoff_service.errors import Conflict, SetupError
from handoff_service.operations.training.change_model import (
    RollBack,
    RunAtStart,
    SetScores,
    roll_back,
    run_at_start,
    set_scores,
)
from handoff_service.rules.shared.vocabulary import ModelState
from handoff_service.settings import Settings, read
from handoff_service.store.engine.store import Store
from handoff_service.store.training import models
from handoff_service.store.views.training import BotModel
from tests.support.story import MIA
from tests.training.light import data_folder, teach

LABEL = b"howdy friend"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Use only SQLite, because the database makes no difference here."""
    return sqlite_url


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    environ = {"PATCHBOARD_HOME": str(tmp_path), "PATCHBOARD_BOT_DATA": str(data_folder(tmp_path))}
    return read(environ)


def put_model(home: Path, root: Path, made: str) -> Path:
    """Create a file that looks like a model of the folder's data. Its code has the fingerprint
    `made`.
    """
    file = model_folder.folder(home) / f"{made}-{len(list(home.glob('models/*.tar.gz')))}.tar.gz"
    metadata = json.dumps({"model_id": f"{file.name[-8]}{made}"}).encode()
    with tarfile.open(file, "w:gz") as archive:
        entry = tarfile.TarInfo("metadata.json")
        entry.size = len(metadata)
        archive.addfile(entry, io.BytesIO(metadata))
    model_folder.keep_data(file, model_folder.data_of(root))
    return file


async def register_running_model(store: Store, file: Path) -> None:
    """Register a measured and running model."""
    model = await register(store, file)
    await store.write(set_scores, SetScores(hash=model.hash, scores={}))
    await store.write(run_at_start, RunAtStart(hash=model.hash))


async def start_and_get_running_model(store: Store, config: Settings) -> BotModel:
    await ensure_model(store, config)
    running = await store.read(models.in_state, ModelState.RUNNING)
    assert running is not None
    assert model_folder.running_file(config.home) == config.home / "models" / running.file
    return running


def data_of(config: Settings, model: BotModel) -> dict[str, bytes]:
    return model_folder.kept_data(config.home / "models" / model.file)


async def test_an_upgrade_trains_only_promoted_data(store: Store, config: Settings) -> None:
    root = config.bot_data
    before = model_folder.data_of(root)
    await register_running_model(store, put_model(config.home, root, "0123older0code00"))
    # This replaces the training, which would create a model of this data and the new code.
    same_data = put_model(config.home, root, fingerprint(before))
    teach(root, "greet", LABEL.decode())
    put_model(config.home, root, fingerprint(model_folder.data_of(root)))

    running = await start_and_get_running_model(store, config)
    assert running.file == same_data.name
    assert data_of(config, running) == before
    [latest, _] = await store.read(models.promotions)
    assert latest.reason == (
        "Trained at startup on the promoted model’s data, because its file is missing or does not "
        "fit this version of Patchboard."
    )
    # The label in the data folder has not been promoted yet.
    assert LABEL in model_folder.data_of(root)["data/nlu.yml"]


async def test_a_promoted_model_that_lost_its_file_is_trained_again_from_its_data(
    store: Store, config: Settings
) -> None:
    root = config.bot_data
    before = model_folder.data_of(root)
    lost = put_model(config.home, root, fingerprint(before))
    await register_running_model(store, lost)
    again = put_model(config.home, root, fingerprint(before))
    lost.unlink()
    teach(root, "greet", LABEL.decode())
    put_model(config.home, root, fingerprint(model_folder.data_of(root)))
    running = await start_and_get_running_model(store, config)
    assert (running.file, data_of(config, running)) == (again.name, before)


async def test_the_promoted_model_keeps_running_when_the_data_changes(
    store: Store, config: Settings
) -> None:
    file = put_model(
        config.home, config.bot_data, fingerprint(model_folder.data_of(config.bot_data))
    )
    await register_running_model(store, file)
    teach(config.bot_data, "greet", LABEL.decode())
    assert (await start_and_get_running_model(store, config)).file == file.name


FAILED = (
    "Trained at startup on the current data, because the training on the promoted model’s data "
    "failed. The service’s log has the cause: promoted_data_unusable."
)
NOT_KEPT = "Trained at startup on the current data, because the promoted model’s data was not kept."


@pytest.mark.parametrize(("kept", "reason"), [(True, FAILED), (False, NOT_KEPT)])
async def test_if_the_promoted_data_is_unusable_the_start_trains_on_the_current_data(
    store: Store,
    config: Settings,
    monkeypatch: pytest.MonkeyPatch,
    kept: bool,
    reason: str,
) -> None:
    root = config.bot_data
    file = put_model(config.home, root, "0123older0code00")
    await register_running_model(store, file)
    teach(root, "greet", LABEL.decode())
    current = put_model(config.home, root, fingerprint(model_folder.data_of(root)))
    train = rasa_cli.train

    def only_current(home: Path, given: Path, *, bench: Workbench) -> Path:
        if given != root:
            log = rasa_environment.log_of(home, "train")
            raise SetupError(f"train failed. The end of {log}:\nAn action is gone.")
        return train(home, given, bench=bench)

    monkeypatch.setattr(rasa_cli, "train", only_current)
    if not kept:
        model_folder.snapshot(file).unlink()
    assert (await start_and_get_running_model(store, config)).file == current.name
    [latest, _] = await store.read(models.promotions)
    assert latest.reason == reason


async def test_without_a_trainer_changed_data_is_trained_at_the_start(
    store: Store, config: Settings
) -> None:
    root = config.bot_data
    put_model(config.home, root, fingerprint(model_folder.data_of(root)))
    await start_and_get_running_model(store, config)
    teach(root, "greet", LABEL.decode())
    shipped = put_model(config.home, root, fingerprint(model_folder.data_of(root)))
    assert (await start_and_get_running_model(store, config)).file == shipped.name


async def test_an_edit_on_the_intents_page_waits_for_a_promotion(
    store: Store, config: Settings
) -> None:
    root = config.bot_data
    put_model(config.home, root, fingerprint(model_folder.data_of(root)))
    before = await start_and_get_running_model(store, config)
    await editing.edit(store, MIA, lambda: teach(root, "greet", LABEL.decode()))
    put_model(config.home, root, fingerprint(model_folder.data_of(root)))
    assert await start_and_get_running_model(store, config) == before


async def test_a_refused_edit_does_not_count_as_an_edit(store: Store, config: Settings) -> None:
    root = config.bot_data
    put_model(config.home, root, fingerprint(model_folder.data_of(root)))
    await start_and_get_running_model(store, config)
    with pytest.raises(Conflict):
        await editing.edit(store, MIA, lambda: BotData(root).remove("greet", "never written"))
    teach(root, "greet", LABEL.decode())
    shipped = put_model(config.home, root, fingerprint(model_folder.data_of(root)))
    assert (await start_and_get_running_model(store, config)).file == shipped.name


async def test_a_restart_keeps_a_rolled_back_model(store: Store, config: Settings) -> None:
    root = config.bot_data
    put_model(config.home, root, fingerprint(model_folder.data_of(root)))
    first = await start_and_get_running_model(store, config)
    teach(root, "greet", LABEL.decode())
    put_model(config.home, root, fingerprint(model_folder.data_of(root)))
    assert (await start_and_get_running_model(store, config)).hash != first.hash
    await store.write(roll_back, RollBack(agent_id=MIA))
    assert (await start_and_get_running_model(store, config)).hash == first.hash
