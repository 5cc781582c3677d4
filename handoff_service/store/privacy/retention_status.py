"""The status of retention: each kind of content, what a run would remove now, and the next run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.rules.privacy.kinds import KINDS, KeptKind, setting_of
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import tables as t
from handoff_service.store.privacy.empty_rows import is_left, parts_of
from handoff_service.store.privacy.erase_plan import Owner, Part
from handoff_service.store.privacy.retention import RetentionState, cutoffs

i, m, r = t.interactions, t.messages, t.retention


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainedKind:
    """A kind of content, its limit, and the last run.

    - ``days``: how long the content is kept; null: forever.
    - ``would_remove``: rows that a run would empty or delete now; null if they were not counted.
    - ``state``, ``removed``, ``began_at``, ``ended_at``: the last run; null before the first one.
    """

    kind: KeptKind
    title: str
    removes: str
    days: int | None
    would_remove: int | None
    state: RetentionState | None
    removed: int | None
    began_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionStatus:
    """The status of retention. ``next_run``: when it runs next; null if no process has scheduled it
    yet."""

    kinds: list[RetainedKind]
    next_run: datetime | None

    @property
    def is_running(self) -> bool:
        return any(one.state is RetentionState.RUNNING for one in self.kinds)


def status(conn: Connection, now: datetime, *, counted: bool) -> RetentionStatus:
    """Return all kinds and the next run. ``counted``: also count what a run would remove now, which
    reads whole tables."""
    return RetentionStatus(kinds=kinds(conn, now, counted=counted), next_run=next_run(conn))


def kinds(conn: Connection, now: datetime, *, counted: bool) -> list[RetainedKind]:
    """Return all kinds. ``counted``: also count what a run would remove now, which reads whole
    tables."""
    limits = cutoffs(conn, now)
    days = conn.execute(select(*t.desk.c[*map(setting_of, KeptKind)])).one_or_none()
    runs = {row.kind: row for row in conn.execute(select(r))}
    return [
        RetainedKind(
            kind=kind,
            title=KINDS[kind].title,
            removes=KINDS[kind].removes,
            days=(days._mapping[setting_of(kind)] if days else 0) or None,
            would_remove=_count(conn, kind, limits.get(kind), runs) if counted else None,
            state=RetentionState(run.state) if (run := runs.get(kind)) else None,
            removed=run.removed if run else None,
            began_at=run.began_at if run else None,
            ended_at=run.ended_at if run else None,
        )
        for kind in KeptKind
    ]


def next_run(conn: Connection) -> datetime | None:
    """Return when retention runs next, or since when it has been due; None if it is not
    scheduled."""
    w = t.due_work.c
    return conn.execute(select(w.due_at).where(w.kind == Work.RETAIN)).scalar()


def _count(
    conn: Connection,
    kind: KeptKind,
    before: datetime | None,
    runs: Mapping[str, sa.Row[tuple[object, ...]]],
) -> int:
    if before is None:
        return 0
    if kind is KeptKind.TRAINER_ITEMS:
        made = t.trainer_items.c.created_at < before
        return conn.execute(
            select(func.count()).select_from(t.trainer_items).where(made)
        ).scalar_one()
    if kind is KeptKind.AUDIT:
        old = t.audit_log.c.at < before
        return conn.execute(select(func.count()).select_from(t.audit_log).where(old)).scalar_one()
    closed = select(i.c.id).where(i.c.closed_at < before)
    run = runs.get(kind)
    if run is not None and run.done_to is not None:
        closed = closed.where(i.c.closed_at > run.done_to)
    if kind is KeptKind.CONVERSATIONS:
        return conn.execute(select(func.count()).select_from(closed.subquery())).scalar_one()
    return sum(_rows(conn, part, closed) for part in parts_of([kind]))


def _rows(conn: Connection, part: Part, closed: sa.Select[tuple[int]]) -> int:
    column = part.table.c[part.column]
    if part.owner is Owner.MESSAGE:
        closed = select(m.c.id).where(m.c.interaction_id.in_(closed))
    if part.owner is Owner.WORK_ITEM:
        closed = select(t.work_items.c.id).where(t.work_items.c.interaction_id.in_(closed))
    where = column.in_(closed) & is_left(part)
    return conn.execute(select(func.count()).select_from(part.table).where(where)).scalar_one()
