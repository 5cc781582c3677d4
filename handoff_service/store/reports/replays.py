"""Stored replays: the change, the progress, and the figures before and after it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from handoff_service.errors import NotFound
from handoff_service.rules.routing.replay_change import ReplayChange, ReplayState
from handoff_service.rules.routing.replay_figures import ReplayFigures
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Named

r = t.replays
CHANGE = TypeAdapter(ReplayChange)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """The figures of the replayed days.

    - ``happened``: the real figures;
    - ``before``: replayed with the settings at the time of the replay;
    - ``after``: replayed with the change;
    - ``conversations``: how many conversations entered queues;
    - ``cannot_know``: sentences about what the replay cannot simulate.
    """

    since: datetime
    until: datetime
    conversations: int
    happened: ReplayFigures
    before: ReplayFigures
    after: ReplayFigures
    cannot_know: list[str]


RESULT = TypeAdapter(ReplayResult)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReplay:
    """A dry run of a change. ``progress``: in percent. ``result``: null until the run has
    finished."""

    id: int
    started_by: Named
    change: ReplayChange
    state: ReplayState
    progress: int
    started_at: datetime
    ended_at: datetime | None
    result: ReplayResult | None


_ALL = (
    select(r, t.agents.c.name)
    .join(t.agents, t.agents.c.id == r.c.started_by)
    .order_by(r.c.id.desc())
)


def list_(conn: Connection, limit: int = 20) -> list[StoredReplay]:
    """Return the latest replays, newest first."""
    return [_replay(row) for row in conn.execute(_ALL.limit(limit))]


def get(conn: Connection, replay_id: int) -> StoredReplay:
    """Return this replay. Raises NotFound for an unknown id."""
    row = conn.execute(_ALL.where(r.c.id == replay_id)).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no dry run {replay_id}.", replay_id=replay_id))
    return _replay(row)


def _replay(row: Any) -> StoredReplay:
    return StoredReplay(
        id=row.id,
        started_by=Named(id=row.started_by, name=row.name),
        change=CHANGE.validate_python(row.change),
        state=ReplayState(row.state),
        progress=row.progress,
        started_at=row.started_at,
        ended_at=row.ended_at,
        result=RESULT.validate_python(row.result) if row.result else None,
    )
