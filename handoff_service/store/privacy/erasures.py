"""Erasures and their receipts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.privacy.erasures import DOES, CopyState, ErasureState, ErasureStep
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Named

e, c, a = t.erasures, t.erased_copies, t.agents
PAGE = 50
IDLE_FOR = timedelta(
    minutes=15
)  # a running worker starts an erasure within seconds, so this is generous
MAX_TRIES = 5
COPIES_MAY_TAKE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """An erasure. After its end, it is the receipt.

    - ``doing``: the current step in words; null at the end.
    - ``planned`` and ``removed``: kind -> how many items.
    - ``left``: what could not be removed, in sentences.
    - ``copies_waiting``: texts that the provider still has to erase.
    """

    id: int
    state: ErasureState
    doing: str | None
    by: Named | None
    requested_at: datetime
    ended_at: datetime | None
    planned: Mapping[str, int]
    removed: Mapping[str, int]
    left: Sequence[str]
    copies_waiting: int

    @property
    def number(self) -> str:
        """The erasure's display number, such as ERA0000012."""
        return f"ERA{self.id:07}"


def list_(conn: Connection, *, before: int | None = None, limit: int = PAGE) -> list[Erasure]:
    """Return erasures, newest first. ``before``: only erasures with a lower id."""
    where = sa.true() if before is None else e.c.id < before
    return _read(conn, where, limit)


def get(conn: Connection, erasure_id: int) -> Erasure:
    """Return this erasure. Raises NotFound for an unknown id."""
    found = _read(conn, e.c.id == erasure_id, 1)
    if not found:
        raise NotFound(phrase("There is no erasure {id}.", id=erasure_id))
    return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckErasure:
    """An erasure that makes no progress. ``tries``: the number of tries of the current step; 0: no
    worker works on it."""

    number: str
    doing: str
    requested_at: datetime
    tries: int


def stuck(conn: Connection, now: datetime) -> list[StuckErasure]:
    """Return the running erasures whose step has failed often, or on which no worker has worked for
    a while."""
    w = t.due_work
    work = (w.c.kind == Work.ERASE) & (w.c.key == sa.cast(e.c.id, sa.Text))
    query = select(e, w.c.due_at, w.c.lease_until, w.c.attempts).outerjoin(w, work)
    running = query.where(e.c.state == ErasureState.RUNNING).order_by(e.c.id)
    return [
        StuckErasure(
            number=f"ERA{row.id:07}",
            doing=DOES[ErasureStep(row.step)],
            requested_at=row.requested_at,
            tries=0 if _is_idle(row, now) else row.attempts,
        )
        for row in conn.execute(running)
        if _is_idle(row, now) or _fails(row, now)
    ]


def _is_idle(row: Any, now: datetime) -> bool:
    if row.due_at is None:
        return True
    return bool(max(row.due_at, row.lease_until or row.due_at) <= now - IDLE_FOR)


def _fails(row: Any, now: datetime) -> bool:
    """Return whether the step has failed too often. The erasure of provider copies may need many
    tries, because the provider refuses it while a text is in transit."""
    is_usual = row.step == ErasureStep.COPIES and now - row.requested_at < COPIES_MAY_TAKE
    return bool(row.attempts >= MAX_TRIES) and not is_usual


def newest(conn: Connection) -> int:
    """Return the highest id; 0 if there are no erasures."""
    return conn.execute(select(func.coalesce(func.max(e.c.id), 0))).scalar_one()


def _read(conn: Connection, where: sa.ColumnElement[bool], limit: int) -> list[Erasure]:
    waiting = (
        select(func.count())
        .where(c.c.erasure_id == e.c.id, c.c.state == CopyState.WAITING)
        .scalar_subquery()
    )
    query = (
        select(e, a.c.name.label("agent"), waiting.label("waiting"))
        .outerjoin(a, a.c.id == e.c.agent_id)
        .where(where)
        .order_by(e.c.id.desc())
        .limit(limit)
    )
    return [_erasure(row) for row in conn.execute(query)]


def _erasure(row: Any) -> Erasure:
    is_done = row.state == ErasureState.DONE
    return Erasure(
        id=row.id,
        state=ErasureState(row.state),
        doing=None if is_done else DOES[ErasureStep(row.step)],
        by=Named(id=row.agent_id, name=row.agent) if row.agent_id else None,
        requested_at=row.requested_at,
        ended_at=row.ended_at,
        planned=row.planned,
        removed=row.removed,
        left=row.left,
        copies_waiting=row.waiting,
    )
