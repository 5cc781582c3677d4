"""Runs of "Train and compare". At most one run is under way at a time, across all processes."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert, update

from handoff_service.errors import Conflict
from handoff_service.operations.training.keep_items import TRAINER
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import RunState, TrainingStep
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training import models, runs

# A run counts as interrupted if its process has reported no progress for this long.
SILENT = timedelta(seconds=30)
INTERRUPTED = phrase(
    "The service stopped during the training. Start the training again; nothing is lost."
)
r = t.training_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRun:
    """``model``: a model to measure again instead of training a new one. ``agent_id`` None: a
    console command starts the run."""

    note: str = ""
    model: str | None = None
    agent_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    run_id: int
    step: TrainingStep
    #: the progress of the whole run, from 0 to 1
    progress: float
    doing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRun:
    run_id: int
    state: RunState
    model: str | None = None
    error: str | None = None


def start_run(tx: Transaction, command: StartRun) -> int:
    """Start a run. Returns its id. Raises Conflict while another run is under way."""
    interrupt(tx, SILENT)
    latest = runs.latest(tx.conn)
    if latest is not None and latest.state is RunState.RUNNING:
        raise Conflict(
            phrase("A training run is under way. Wait until it has ended, or cancel it.")
        )
    model = models.get(tx.conn, command.model).hash if command.model else None
    run_id: int = tx.conn.execute(
        insert(r)
        .values(
            state=RunState.RUNNING,
            step=TrainingStep.MEASURE if model else TrainingStep.CHECK,
            progress=0.0,
            model=model,
            note=command.note,
            agent_id=command.agent_id,
            started_at=tx.now,
            seen_at=tx.now,
        )
        .returning(r.c.id)
    ).scalar_one()
    tx.hint(TRAINER)
    return run_id


def record_progress(tx: Transaction, at: Progress) -> bool:
    """Store a run's progress. Returns False when the run was canceled or has ended."""
    row = tx.conn.execute(
        update(r)
        .where(r.c.id == at.run_id, r.c.state == RunState.RUNNING)
        .values(step=at.step, progress=at.progress, doing=at.doing, seen_at=tx.now)
        .returning(r.c.cancel)
    ).one_or_none()
    tx.hint(TRAINER)
    return row is not None and not row.cancel


def end_run(tx: Transaction, command: EndRun) -> None:
    tx.conn.execute(
        update(r)
        .where(r.c.id == command.run_id, r.c.state == RunState.RUNNING)
        .values(
            state=command.state,
            error=command.error,
            ended_at=tx.now,
            **({"model": command.model} if command.model else {}),
        )
    )
    tx.hint(TRAINER)


def cancel_run(tx: Transaction, _: None) -> None:
    """Ask the process that carries out the run to cancel it, which takes a second or two."""
    tx.conn.execute(update(r).where(r.c.state == RunState.RUNNING).values(cancel=True))
    tx.hint(TRAINER)


def interrupt(tx: Transaction, silent: timedelta) -> None:
    """Mark runs as interrupted if their process has reported no progress for this long."""
    tx.conn.execute(
        update(r)
        .where(r.c.state == RunState.RUNNING, r.c.seen_at <= tx.now - silent)
        .values(state=RunState.INTERRUPTED, error=INTERRUPTED, ended_at=tx.now)
    )
    tx.hint(TRAINER)
