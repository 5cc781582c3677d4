"""Register, promote and roll back the virtual agent's models, and store their scores.

The database records which model the bot processes should run. ``bot_control/model_rollout.py``
loads it into them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from handoff_service.errors import Conflict
from handoff_service.operations.training.keep_items import TRAINER
from handoff_service.operations.training.promotion_blocks import promotion_blocks
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.shared.vocabulary import ModelState, PromotionKind
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training import models
from handoff_service.store.views.training import BotModel

m = t.bot_models


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """A trained model. ``agent_id`` None: a console command trained it."""

    hash: str
    file: str
    data_hash: str
    data_diff: str = ""
    note: str = ""
    agent_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetScores:
    hash: str
    scores: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promote:
    """``canary``: whether only one of several bot processes runs the model at first."""

    hash: str
    canary: bool = False
    agent_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack:
    """``with_data``: whether the caller also restores the training data of the earlier model, after
    this operation."""

    with_data: bool = False
    agent_id: int | None = None


AT_START = phrase("Trained at the start.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAtStart:
    """``hash``: the model that the service trained when it started. ``reason``: a sentence for the
    history."""

    hash: str
    reason: str = AT_START


def register_model(tx: Transaction, new: NewModel) -> None:
    """Register a trained model as the candidate. The earlier candidate becomes a kept model. A
    repeated call for the same model changes nothing."""
    known = tx.conn.execute(select(m.c.hash).where(m.c.hash == new.hash)).scalar()
    if known is not None:
        return
    running = models.in_state(tx.conn, ModelState.RUNNING)
    _move(tx, ModelState.CANDIDATE, ModelState.KEPT)
    tx.conn.execute(
        insert(m).values(
            hash=new.hash,
            parent=running.hash if running else None,
            state=ModelState.CANDIDATE,
            file=new.file,
            data_hash=new.data_hash,
            data_diff=new.data_diff,
            note=new.note,
            agent_id=new.agent_id,
            trained_at=tx.now,
            since=tx.now,
        )
    )
    tx.hint(TRAINER)


def set_scores(tx: Transaction, measured: SetScores) -> None:
    tx.conn.execute(update(m).where(m.c.hash == measured.hash).values(scores=dict(measured.scores)))
    tx.hint(TRAINER)


def run_at_start(tx: Transaction, command: RunAtStart) -> None:
    """Promote the model that the service trained when it started, because no other model can
    run."""
    running = models.in_state(tx.conn, ModelState.RUNNING)
    if running is None or running.hash != command.hash:
        run_model(tx, command.hash, PromotionKind.AUTOMATIC, command.reason, None)


def promote(tx: Transaction, command: Promote) -> BotModel:
    """Promote this model. Raises Conflict when it is already running or cannot be promoted. The
    error says why and what to do. Returns the model."""
    model = models.get(tx.conn, command.hash)
    running = models.in_state(tx.conn, ModelState.RUNNING)
    if running is not None and running.hash == model.hash:
        raise Conflict(phrase("This model is already running."))
    if reasons := promotion_blocks(tx.conn, model, running):
        raise Conflict(joined(" ", reasons))
    if command.canary and model.state is not ModelState.CANARY and running is not None:
        _move(tx, ModelState.CANARY, ModelState.KEPT)
        _put(tx, model.hash, ModelState.CANARY)
        _note(tx, model.hash, running.hash, PromotionKind.CANARY, None, command.agent_id)
    else:
        run_model(tx, model.hash, PromotionKind.PROMOTE, None, command.agent_id)
    return models.get(tx.conn, model.hash)


def roll_back(tx: Transaction, command: RollBack) -> BotModel:
    """End the canary. If there is none, return to the model that ran before. Returns the model that
    now runs. Raises Conflict when no other model ran before, or when its file is gone."""
    kind = PromotionKind.ROLL_BACK_DATA if command.with_data else PromotionKind.ROLL_BACK
    running = models.in_state(tx.conn, ModelState.RUNNING)
    canary = models.in_state(tx.conn, ModelState.CANARY)
    if canary is not None and running is not None:
        end_canary(tx, running, kind, None, command.agent_id)
        return running
    before = models.ran_before(tx.conn)
    if before is None:
        raise Conflict(
            phrase("No other model ran before this one, so there is nothing to return to.")
        )
    if before.state is ModelState.GONE:
        raise Conflict(
            phrase("The file of the model that ran before is gone. Train and promote instead.")
        )
    run_model(tx, before.hash, kind, None, command.agent_id)
    return before


def end_canary(
    tx: Transaction, running: BotModel, kind: PromotionKind, reason: str | None, by: int | None
) -> None:
    """Return all bot processes to the running model. ``by``: the agent who requested it."""
    _move(tx, ModelState.CANARY, ModelState.KEPT)
    _note(tx, running.hash, running.hash, kind, reason, by)


def models_loaded(tx: Transaction, _: None) -> None:
    """Send a hint to the trainer's pages, which show the model that each bot process has loaded."""
    tx.hint(TRAINER)


def mark_missing(tx: Transaction, hashes: list[str]) -> None:
    """Mark models whose files are missing."""
    tx.conn.execute(
        update(m)
        .where(m.c.hash.in_(hashes), m.c.state.in_([ModelState.KEPT, ModelState.CANDIDATE]))
        .values(state=ModelState.GONE, since=tx.now)
    )


def run_model(
    tx: Transaction, hash: str, kind: PromotionKind, reason: str | None, by: int | None
) -> None:
    """Let all bot processes run this model from now on. ``by``: the agent who requested it."""
    running = models.in_state(tx.conn, ModelState.RUNNING)
    for state in (ModelState.RUNNING, ModelState.CANARY):
        _move(tx, state, ModelState.KEPT)
    _put(tx, hash, ModelState.RUNNING)
    _note(tx, hash, running.hash if running else None, kind, reason, by)


def _move(tx: Transaction, old: ModelState, new: ModelState) -> None:
    tx.conn.execute(update(m).where(m.c.state == old).values(state=new, since=tx.now))


def _put(tx: Transaction, hash: str, state: ModelState) -> None:
    tx.conn.execute(update(m).where(m.c.hash == hash).values(state=state, since=tx.now))


def _note(
    tx: Transaction,
    hash: str,
    before: str | None,
    kind: PromotionKind,
    reason: str | None,
    by: int | None,
) -> None:
    tx.conn.execute(
        insert(t.bot_promotions).values(
            model=hash, before=before, kind=kind, reason=reason, agent_id=by, at=tx.now
        )
    )
    tx.hint(TRAINER)
