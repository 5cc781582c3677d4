"""The commands about models: ``patchboard bot models``, ``train``, ``compare``, ``replay``,
``promote`` and ``rollback``.

Each command returns the text to print. The commands work with and without a running service.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from handoff_service.bot_control import measure_model, model_folder, rasa_cli
from handoff_service.bot_control.measure_model import Measurement, RunningAnswers
from handoff_service.bot_control.model_rollout import ModelRollout
from handoff_service.bot_control.processes import Processes, cancelable
from handoff_service.bot_control.rasa_environment import show_progress
from handoff_service.bot_control.trained_models import (
    as_measured,
    keep,
    recent_days,
    register,
    replayed,
    roll_back_with_data,
    texts_to_measure_by,
)
from handoff_service.bot_control.workbench import Workbench
from handoff_service.errors import Conflict, NotFound
from handoff_service.gateways.bot.rasa_models import RasaModels
from handoff_service.operations.training import change_model
from handoff_service.operations.training.change_model import Promote, RollBack
from handoff_service.operations.training.replay import changes, keep_replay
from handoff_service.rules.shared.counted import counted
from handoff_service.rules.shared.vocabulary import ModelState
from handoff_service.rules.training.comparison import Comparison
from handoff_service.rules.training.exact_tests import Share
from handoff_service.rules.training.promotion_rules import blocks
from handoff_service.settings import Settings
from handoff_service.store.engine.store import Store
from handoff_service.store.training import models
from handoff_service.store.training.test_sets import MeasuredBy
from handoff_service.store.views.training import BotModel

SHORT = 8  # characters of a hash in the output
CANARY = "runs on one virtual agent process first, as a canary."


async def list_models(store: Store) -> str:
    found = await store.read(models.list_)
    lines = [
        f"{one.hash[:SHORT]}  {one.state:<9}  {one.trained_at:%Y-%m-%d %H:%M}  "
        f"{_score(one):<22}  {one.agent.name if one.agent else 'command line'}"
        f"{'  ' + one.note if one.note else ''}"
        for one in found
    ]
    return "\n".join(lines) or "There is no model yet. Train one with: patchboard bot train"


async def train(store: Store, config: Settings, *, force: bool) -> str:
    """Train a model on the current data, and register it as the candidate. Without ``force``, an
    existing model of this data and code is used. A registered model keeps its state."""

    def work(bench: Workbench) -> Path:
        return rasa_cli.train(config.home, config.bot_data, force=force, bench=bench)

    path = await on_bench(config, work)
    model = await register(store, path)
    if model.state is ModelState.RUNNING:
        return f"{path}\nThis model is already running."
    return f"{path}\nPromote it with: patchboard bot promote {model.hash[:SHORT]}"


async def on_bench[T](config: Settings, work: Callable[[Workbench], T]) -> T:
    """Do the work in a thread with its own workbench, and end the workbench afterward. Ctrl-C ends
    both."""

    def do(processes: Processes) -> T:
        with Workbench(config.home, processes) as bench:
            return work(bench)

    return await cancelable(do)


async def compare(store: Store, config: Settings, a: str, b: str) -> str:
    """Compare model B with model A. Stores nothing."""
    old, new = await _with_file(store, config, a), await _with_file(store, config, b)
    measured = await _measure(store, config, new, old)
    return _in_words(old, new, measured.comparison)


async def replay(store: Store, config: Settings, name: str, days: int) -> str:
    """Replay the real texts of the last days on the running model and on another model. Lists the
    changed answers, and stores them for the trainer's page."""
    running = await _with_file(store, config, ModelState.RUNNING)
    model = await _with_file(store, config, name)
    texts = await store.read(recent_days, days)
    if not texts:
        return (
            f"Nobody texted the virtual agent within {counted(days, 'day')}, so nothing was "
            "replayed."
        )
    real_texts = [as_measured(one) for one in texts]
    measured = await _measure(store, config, model, running, also=real_texts)
    command = replayed(model, texts, measured)
    await store.write(keep_replay, command)
    changed = [one for one in command.texts if changes(one)]
    lines = [f"{one.before.intent} -> {one.after.intent}: {one.text.text}" for one in changed]
    return "\n".join([*lines, f"{len(changed)} of {len(texts)} answers would change."])


async def promote(store: Store, config: Settings, name: str) -> str:
    """Promote a model. If it has not been compared with the running model yet, measure it first."""
    model = await _with_file(store, config, name)
    running = await store.read(models.in_state, ModelState.RUNNING)
    if running is not None and running.hash == model.hash:
        raise Conflict("This model is already running.")
    if running is not None and (model.scores or {}).get("against") != running.hash:
        show_progress("comparing it with the running model")
        await keep(store, config.home, model, await _measure(store, config, model, running))
    async with _rollout(store, config) as rollout:
        command = Promote(hash=model.hash, canary=rollout.has_canary)
        now = await store.write(change_model.promote, command)
        runs = CANARY if now.state is ModelState.CANARY else "is running."
        return f"{now.hash[:SHORT]} {runs}{await _roll_out(rollout)}"


async def roll_back(store: Store, config: Settings, *, with_data: bool) -> str:
    """Return to the model that ran before."""
    command, changed = RollBack(with_data=with_data), list[str]()
    if with_data:
        now, changed = await roll_back_with_data(store, config.home, config.bot_data, command)
    else:
        now = await store.write(change_model.roll_back, command)
    async with _rollout(store, config) as rollout:
        files = "".join(f"\n  put back: {name}" for name in changed)
        return f"{now.hash[:SHORT]} is running.{files}{await _roll_out(rollout)}"


async def _named(store: Store, name: str) -> BotModel:
    if name in (ModelState.RUNNING, ModelState.CANDIDATE):
        found = await store.read(models.in_state, ModelState(name))
        if found is None:
            raise NotFound(f"There is no {name} model. List them with: patchboard bot models")
        return found
    return await store.read(models.get, name)


async def _with_file(store: Store, config: Settings, name: str) -> BotModel:
    """The model with this name or hash. Raises NotFound when there is none, or when its file is
    gone."""
    found = await _named(store, name)
    if not (model_folder.folder(config.home) / found.file).is_file():
        raise NotFound(f"The file of model {found.hash[:SHORT]} is gone. Train again.")
    return found


async def _measure(
    store: Store,
    config: Settings,
    model: BotModel,
    baseline: BotModel,
    also: Sequence[MeasuredBy] = (),
) -> Measurement:
    texts = await texts_to_measure_by(store, config.bot_data)

    def measure(processes: Processes) -> Measurement:
        with (
            Workbench(config.home, processes) as bench,
            Workbench(config.home, processes, suffix="-beside") as second_bench,
        ):
            return measure_model.measure(
                config.home,
                config.bot_data,
                model,
                baseline,
                texts=texts,
                also=also,
                bench=bench,
                beside=RunningAnswers(config.home, second_bench),
            )

    return await cancelable(measure)


@asynccontextmanager
async def _rollout(store: Store, config: Settings) -> AsyncIterator[ModelRollout]:
    bots = RasaModels(config.bot_token)
    try:
        yield ModelRollout(store, bots, config.bot_urls, config.home)
    finally:
        await bots.close()


async def _roll_out(rollout: ModelRollout) -> str:
    lines = []
    for process in await rollout.step():
        now = process.error or (f"runs {process.file}" if process.file else "does not answer")
        lines.append(f"\n  {process.url}: {now}")
    return "".join(lines)


def _score(model: BotModel) -> str:
    if model.scores is None:
        return "not measured"
    found = measure_model.comparison_of(model.scores)
    blocked = ", blocked" if model.scores["reasons"] else ""
    score = "no test texts" if found.macro_f1_new is None else f"macro F1 {found.macro_f1_new:.3f}"
    return f"{score}{blocked}"


def _in_words(old: BotModel, new: BotModel, found: Comparison) -> str:
    rows = [
        ("", old.hash[:SHORT], new.hash[:SHORT]),
        ("required texts that fail", "", f"{len(found.pinned_failed)} of {found.pinned}"),
        ("test stories that fail", "", str(len(found.stories.failed))),
        ("audit set: share understood", *_shares(found.audit_old, found.audit_new)),
        ("audit set: only this one is right", str(found.lost), str(found.won)),
        ("macro F1", *_macro_f1s(found)),
        ("confident but wrong", str(found.sure_and_wrong_old), str(found.sure_and_wrong_new)),
        (
            "out-of-scope texts that start a topic",
            *_shares(found.false_starts_old, found.false_starts_new),
        ),
    ]
    lines = [f"{name:<38} {one:<36} {other}".rstrip() for name, one, other in rows]
    if found.audit_new.whole:
        lines.append(f"McNemar test: p = {found.p_value:.3f}")
    reasons = [reason for some in blocks(found).values() for reason in some]
    lines += ["", *(reasons or ["Nothing blocks its promotion."])]
    return "\n".join(lines)


def _shares(old: Share | None, new: Share) -> tuple[str, str]:
    """Both models' shares. A short reason replaces them when there are no texts."""
    if not new.whole:
        return "- (no such texts)", "- (no such texts)"
    return "-" if old is None else str(old), str(new)


def _macro_f1s(found: Comparison) -> tuple[str, str]:
    """Both models' macro F1. A short reason replaces them when there are no test texts."""
    if not found.recalls:
        return "- (no test texts)", "- (no test texts)"
    scores = (found.macro_f1_old, found.macro_f1_new)
    old, new = ("-" if one is None else f"{one:.3f}" for one in scores)
    return old, new
