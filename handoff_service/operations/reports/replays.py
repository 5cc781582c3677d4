"""A supervisor starts or cancels a dry run of a routing change: a replay of the past with the
change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from handoff_service.errors import BadInput, Conflict
from handoff_service.lib import opening_hours
from handoff_service.rules.routing import targets
from handoff_service.rules.routing.replay_change import ReplayChange, ReplayState
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.reports import replay_desk, replays
from handoff_service.store.reports.replay_desk import DeskToday

KEPT = 20  # only this many replays are kept
r = t.replays


@dataclass(frozen=True, slots=True, kw_only=True)
class StartReplay:
    started_by: int
    change: ReplayChange


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayProgress:
    """``percent``: the progress, from 0 to 100. ``result`` None: the dry run is still
    running, or has failed."""

    replay_id: int
    percent: int
    result: Mapping[str, Any] | None = None
    state: ReplayState = ReplayState.RUNNING


def start_replay(tx: Transaction, command: StartReplay) -> int:
    """Start a dry run. Returns its id. Raises BadInput with the wrong fields. Raises Conflict while
    another dry run is running."""
    errors = change_errors(replay_desk.desk_now(tx.conn), command.change)
    if errors:
        raise BadInput("; ".join(f"{name}: {what}" for name, what in errors.items()), errors=errors)
    if tx.conn.execute(select(r.c.id).where(r.c.state == ReplayState.RUNNING)).first():
        raise Conflict(phrase("A dry run is running. Wait for its end, or cancel it."))
    made = tx.conn.execute(
        insert(r)
        .values(
            started_by=command.started_by,
            change=replays.CHANGE.dump_python(command.change, mode="json"),
            state=ReplayState.RUNNING,
            started_at=tx.now,
        )
        .returning(r.c.id)
    ).scalar_one()
    kept = select(r.c.id).order_by(r.c.id.desc()).limit(KEPT)
    tx.conn.execute(delete(r).where(r.c.id.not_in(kept)))
    due_work.schedule(
        tx,
        [due_work.Due(kind=Work.REPLAY, key=str(made), line=due_work.DESK_LINE, due_at=tx.now)],
    )
    return int(made)


def cancel_replay(tx: Transaction, replay_id: int) -> None:
    """Cancel a running dry run. A dry run that has ended does not change. Raises NotFound."""
    replays.get(tx.conn, replay_id)
    _end(tx, replay_id, ReplayState.CANCELED)


def put_progress(tx: Transaction, command: ReplayProgress) -> bool:
    """Store the progress or the result of a dry run. Returns False when it has ended or was
    canceled."""
    running = r.c.id == command.replay_id, r.c.state == ReplayState.RUNNING
    values: dict[str, Any] = {"progress": command.percent}
    if command.result is not None:
        values["result"] = dict(command.result)
    still = tx.conn.execute(update(r).where(*running).values(**values)).rowcount > 0
    if not still or command.state is not ReplayState.RUNNING:
        _end(tx, command.replay_id, command.state)
        return False
    return True


def _end(tx: Transaction, replay_id: int, state: ReplayState) -> None:
    running = r.c.id == replay_id, r.c.state == ReplayState.RUNNING
    tx.conn.execute(update(r).where(*running).values(state=state, ended_at=tx.now))
    due_work.cancel(tx, Work.REPLAY, [replay_id])


def change_errors(now: DeskToday, change: ReplayChange) -> dict[str, str]:
    """Field -> error, for each field of the change that does not fit the desk."""
    found: dict[str, str] = {}
    for one in change.queues:
        if one.id not in now.queues:
            found["queues"] = phrase("there is no queue {id}", id=one.id)
            continue
        country = now.hours[one.id].country
        if one.schedule and (wrong := opening_hours.error(one.schedule, country)):
            found[f"queue_{one.id}_schedule"] = wrong
        if one.targets and (wrong := targets.errors(one.targets)):
            found[f"queue_{one.id}_targets"] = wrong
    for agent in change.agents:
        if agent.id not in now.agents:
            found["agents"] = phrase("there is no active agent {id}", id=agent.id)
        elif missing := [one for one in agent.groups or () if one not in now.groups]:
            found[f"agent_{agent.id}_groups"] = phrase(
                "there is no group “{missing}”", missing=missing[0]
            )
    return found
