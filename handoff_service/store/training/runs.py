"""Runs of "Train and compare"."""

from sqlalchemy import Connection, select

from handoff_service.rules.shared.vocabulary import RunState, TrainingStep
from handoff_service.store.engine import tables as t
from handoff_service.store.views.people import Named
from handoff_service.store.views.training import TrainingRun

r = t.training_runs


def latest(conn: Connection) -> TrainingRun | None:
    """Return the newest run, which may still be running; None if there is none."""
    query = (
        select(r, t.agents.c.name)
        .outerjoin(t.agents, t.agents.c.id == r.c.agent_id)
        .order_by(r.c.id.desc())
        .limit(1)
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        return None
    return TrainingRun(
        id=row.id,
        state=RunState(row.state),
        step=TrainingStep(row.step) if row.step else None,
        doing=row.doing,
        progress=row.progress,
        cancel=row.cancel,
        model=row.model,
        error=row.error,
        note=row.note,
        agent=Named(id=row.agent_id, name=row.name) if row.agent_id else None,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
