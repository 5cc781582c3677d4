"""Runs of the practice desk."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.training.practice import PracticeSource, PracticeState
from handoff_service.rules.training.practice_score import PracticeScore
from handoff_service.store.engine import tables as t
from handoff_service.store.views.people import Named
from handoff_service.store.views.practice import PracticeRun

r = t.practice_runs
_starter = t.agents.alias("starter")
_RUNS = (
    select(r, t.agents.c.name, _starter.c.name.label("starter"))
    .join(t.agents, t.agents.c.id == r.c.agent_id)
    .join(_starter, _starter.c.id == r.c.started_by)
    .order_by(r.c.id.desc())
)
SCORE = TypeAdapter(PracticeScore)


def list_(
    conn: Connection, agent_id: int | None = None, *, before: int | None = None, limit: int = 50
) -> list[PracticeRun]:
    """Return runs with only their total scores, newest first. ``agent_id``: only runs of this
    agent. ``before``: only runs with a lower id."""
    query = _RUNS.limit(limit)
    if agent_id is not None:
        query = query.where(r.c.agent_id == agent_id)
    if before is not None:
        query = query.where(r.c.id < before)
    return [_with_total_only(_run(row)) for row in conn.execute(query)]


def get(conn: Connection, run_id: int) -> PracticeRun:
    """Return this run. Raises NotFound for an unknown id."""
    row = conn.execute(_RUNS.where(r.c.id == run_id)).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no practice run {run_id}.", run_id=run_id))
    return _run(row)


def _with_total_only(run: PracticeRun) -> PracticeRun:
    """Drop the score's conversations, because they are too long for a list of runs."""
    return replace(run, score=replace(run.score, conversations=[])) if run.score else run


def _run(row: Any) -> PracticeRun:
    return PracticeRun(
        id=row.id,
        agent=Named(id=row.agent_id, name=row.name),
        started_by=Named(id=row.started_by, name=row.starter),
        source=PracticeSource(row.source),
        conversations=row.conversations,
        speed=row.speed,
        queue=row.queue,
        first_day=date.fromisoformat(row.first_day),
        last_day=date.fromisoformat(row.last_day),
        state=PracticeState(row.state),
        started_at=row.started_at,
        entered_at=row.entered_at,
        ended_at=row.ended_at,
        score=SCORE.validate_python(row.score) if row.score else None,
    )


@dataclass(frozen=True, slots=True)
class BareScore:
    """A run's stored score, without its texts."""

    run_id: int
    score: dict[str, Any]


def bare_scores(conn: Connection, ended_before: datetime) -> list[BareScore]:
    """Return the scores, without texts, of runs that ended before this time and still have their
    texts."""
    query = select(r.c.id, r.c.score).where(r.c.ended_at < ended_before)
    return [
        BareScore(row.id, _bare(row.score)) for row in conn.execute(query) if _has_texts(row.score)
    ]


def _bare(stored: dict[str, Any]) -> dict[str, Any]:
    score = SCORE.validate_python(stored)
    bare = [replace(one, lines=[], original_lines=[]) for one in score.conversations]
    kept: dict[str, Any] = SCORE.dump_python(replace(score, conversations=bare), mode="json")
    return kept


def _has_texts(score: dict[str, Any]) -> bool:
    return any(one["lines"] or one["original_lines"] for one in score.get("conversations", ()))
