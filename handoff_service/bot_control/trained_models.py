"""Steps of a training that the page and the console commands share: choose the texts to measure,
and store a trained model, its measurement and its replay."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from handoff_service.bot_control import measure_model, model_folder, test_texts
from handoff_service.bot_control.measure_model import Measurement
from handoff_service.operations.training.change_model import (
    NewModel,
    RollBack,
    SetScores,
    register_model,
    roll_back,
    set_scores,
)
from handoff_service.operations.training.keep_models import drop_old_models
from handoff_service.operations.training.replay import KeepReplay, Replayed
from handoff_service.rules.shared.vocabulary import ModelState
from handoff_service.rules.training.comparison import TextSet
from handoff_service.rules.training.intents import NOT_UNDERSTOOD
from handoff_service.store.engine.database import read_at
from handoff_service.store.engine.store import Store
from handoff_service.store.training import models, replay, test_sets
from handoff_service.store.training.replay import RealText
from handoff_service.store.training.test_sets import MeasuredBy
from handoff_service.store.views.training import BotModel


async def texts_to_measure_by(store: Store, root: Path) -> list[MeasuredBy]:
    """The texts to measure: the pinned texts, the labeled texts of the audit lane, and the test
    texts in files."""
    return [
        *await store.read(test_sets.pinned),
        *await store.read(test_sets.audit),
        *test_texts.read(root),
    ]


async def roll_back_with_data(
    store: Store, home: Path, root: Path, command: RollBack
) -> tuple[BotModel, list[str]]:
    """Roll back, and then restore the training data below ``root``. Returns the model that now runs
    and the changed files. If there is nothing to roll back to, this changes nothing and raises
    Conflict. If the model's data is missing, it changes nothing and raises SetupError."""
    folder = model_folder.folder(home)
    target = await store.read(models.returns_to)
    if target is not None and target.state is not ModelState.GONE:
        await asyncio.to_thread(model_folder.kept_data, folder / target.file)
    now = await store.write(roll_back, command)
    changed = await asyncio.to_thread(model_folder.roll_back_data, folder / now.file, root)
    return now, changed


def recent_days(conn: Connection, days: int) -> list[RealText]:
    """The masked real texts of this many past days."""
    return replay.recent(conn, read_at(conn) - timedelta(days=days))


def as_measured(text: RealText) -> MeasuredBy:
    """A real text as a text to measure. No trainer has labeled it, so the intent that the bot
    understood replaces the right one."""
    meant = text.understood or NOT_UNDERSTOOD
    return MeasuredBy(of_set=TextSet.TEST, text=text.text, meant=meant, asked=text.asked)


def replayed(model: BotModel, texts: Sequence[RealText], measured: Measurement) -> KeepReplay:
    """The command that stores the real texts with the answers of both models."""
    return KeepReplay(
        model=model.hash,
        texts=[
            Replayed(text=text, before=old, after=new)
            for text, (old, new) in zip(texts, measured.also, strict=True)
            if old is not None
        ],
    )


async def keep(store: Store, home: Path, model: BotModel, measured: Measurement) -> None:
    """Store a measurement: the figures in the database, and the texts and the misplaced examples in
    files in the models folder."""
    await asyncio.to_thread(measure_model.keep_texts, home, model, measured)
    await store.write(set_scores, SetScores(hash=model.hash, scores=measured.scores))


async def register(
    store: Store, path: Path, *, note: str = "", agent_id: int | None = None
) -> BotModel:
    """Register a trained model, with a diff between the running model's data and its own. This also
    deletes the files of old models that are no longer needed."""
    hash = model_folder.model_id(path)
    running = await store.read(models.in_state, ModelState.RUNNING)

    def read() -> tuple[str, str]:
        data = _data(path)
        old = _data(path.with_name(running.file)) if running else {}
        return model_folder.data_hash(data), model_folder.diff(old, data) if old else ""

    data_hash, diff = await asyncio.to_thread(read)
    new = NewModel(
        hash=hash, file=path.name, data_hash=data_hash, data_diff=diff, note=note, agent_id=agent_id
    )
    await store.write(register_model, new)
    gone = await store.write(drop_old_models, None)
    await asyncio.to_thread(model_folder.remove, path.parent, gone)
    return await store.read(models.get, hash)


def _data(model: Path) -> dict[str, bytes]:
    """A model's training data. Empty if it was not stored, which older versions of Patchboard did
    not do."""
    return model_folder.kept_data(model) if model_folder.snapshot(model).exists() else {}
