"""The model that a bot process loads when the service starts."""

import asyncio
import tempfile
from pathlib import Path

from handoff_service import log
from handoff_service.bot_control import model_folder, rasa_cli
from handoff_service.bot_control.fingerprint import fingerprint, trained_model
from handoff_service.bot_control.rasa_environment import show_progress
from handoff_service.bot_control.trained_models import register
from handoff_service.bot_control.workbench import Workbench
from handoff_service.commands.models import on_bench
from handoff_service.errors import SetupError
from handoff_service.operations.training import change_model
from handoff_service.operations.training.change_model import RunAtStart
from handoff_service.rules.shared.vocabulary import ModelState
from handoff_service.settings import Settings
from handoff_service.store.engine.store import Store
from handoff_service.store.training import models, trainers_work
from handoff_service.store.views.training import BotModel

AT_STARTUP = "trained at startup"  # the note of a model that was trained at the start
SAME_DATA = (
    "Trained at startup on the promoted model’s data, because its file is missing or does not fit "
    "this version of Patchboard."
)
NOT_KEPT = "Trained at startup on the current data, because the promoted model’s data was not kept."
FAILED = (
    "Trained at startup on the current data, because the training on the promoted model’s data "
    "failed. The service’s log has the cause: promoted_data_unusable."
)


async def ensure_model(store: Store, config: Settings) -> str:
    """Make sure that the bot has a model to load.

    The bot loads the running model if ``_can_run`` accepts its file. Otherwise, this trains a new
    model on the running model's data. It trains the new model on the current data if the running
    model's data was not kept, if that training fails, or if no trainer has worked on this desk.
    Returns an empty string, because ``run_on_store`` prints the result.
    """
    running = await store.read(models.in_state, ModelState.RUNNING)
    needs_promotion = await store.read(trainers_work.exists)
    if running is None or not await asyncio.to_thread(
        _can_run, config, running, follows_data=not needs_promotion
    ):
        show_progress("the virtual agent needs a model; training takes about a minute")
        promoted = running if needs_promotion else None
        path, reason = await on_bench(
            config, lambda bench: _trained_at_start(config, promoted, bench)
        )
        model = await register(store, path, note=AT_STARTUP)
        await store.write(change_model.run_at_start, RunAtStart(hash=model.hash, reason=reason))
        running = await store.read(models.get, model.hash)
    model_folder.set_running(config.home, running.file)
    return ""


def _trained_at_start(
    config: Settings, promoted: BotModel | None, bench: Workbench
) -> tuple[Path, str]:
    """Train a new model. With a promoted model, use that model's own data, because the current data
    may have labels that nobody has promoted. Without one, or if this fails, use the current data.
    Returns the new model's file, and the reason for the history of promotions."""
    if promoted is None:
        return rasa_cli.train(config.home, config.bot_data, bench=bench), "Trained at startup."
    reason = NOT_KEPT
    try:
        data = model_folder.kept_data(model_folder.folder(config.home) / promoted.file)
        reason = FAILED
        with tempfile.TemporaryDirectory() as folder:
            for name, content in data.items():
                model_folder.write_whole(Path(folder) / name, content)
            return rasa_cli.train(config.home, Path(folder), bench=bench), SAME_DATA
    except SetupError as error:
        log.warning("promoted_data_unusable", model=promoted.hash, error=error)
        return rasa_cli.train(config.home, config.bot_data, bench=bench), reason


def _can_run(config: Settings, running: BotModel, *, follows_data: bool) -> bool:
    """Whether the model's file exists and was trained with the current code and configuration.
    ``follows_data``: the model must also be the model of the current data. A desk where no trainer
    has worked sets this, so it trains a new model after each upgrade and each edit of the data."""
    path = model_folder.folder(config.home) / running.file
    if not path.is_file():
        return False
    if follows_data:
        return trained_model(config.home, config.bot_data) == path
    try:
        made = fingerprint(model_folder.kept_data(path))
    except SetupError:
        return False
    return running.file.startswith(made)
