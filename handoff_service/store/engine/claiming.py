"""Claims due work: a worker gets rows for the duration of a lease. See also ``claims.py``."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine.due_work import cancel
from handoff_service.store.engine.one_of import ListParameter, one_of
from handoff_service.store.engine.tables import due_work
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Claimed:
    """Work that this process has claimed, until the lease expires or another command ends the
    work."""

    id: int
    kind: Work
    key: str
    attempts: int
    token: int  # this claim has written it into the row: see claims.py
    until: datetime  # when the lease expires, unless it is renewed


_other = due_work.alias("other")
# Whether no transaction is finishing this work right now. Only PostgreSQL needs this check, because
# it has several writers: see claims.py.
_nobody_finishes = sa.case(
    (due_work.c.lease_until.is_(None), sa.true()),
    else_=sa.func.pg_try_advisory_xact_lock(sa.func.coalesce(due_work.c.token, 0)),
)
_is_first_of_its_line = (
    ~select(_other.c.id)
    .where(
        _other.c.kind == due_work.c.kind,
        _other.c.line == due_work.c.line,
        _other.c.id < due_work.c.id,
    )
    .exists()
)
_heads = (
    select(due_work.c.id)
    .where(
        one_of(due_work.c.kind, "kinds"),
        due_work.c.due_at <= bindparam("now"),
        sa.or_(due_work.c.lease_until.is_(None), due_work.c.lease_until <= bindparam("now")),
        _is_first_of_its_line,
    )
    .order_by(due_work.c.due_at, due_work.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def _claiming(heads: sa.Select[tuple[int]]) -> ReturningUpdate[tuple[int, str, str, int]]:
    # A CTE runs once. PostgreSQL may run a subquery again for each row, which would claim more rows
    # than the limit.
    found = heads.cte("heads")
    return (
        update(due_work)
        .where(due_work.c.id.in_(select(found.c.id)))
        .values(
            lease_until=bindparam("until"),
            token=bindparam("token"),
            attempts=due_work.c.attempts + 1,
        )
        .returning(due_work.c.id, due_work.c.kind, due_work.c.key, due_work.c.attempts)
    )


_CLAIM = {
    "sqlite": _claiming(_heads),
    "postgresql": _claiming(_heads.where(_nobody_finishes)),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A request for up to ``most`` rows of due work of these kinds."""

    most: int
    kinds: frozenset[Work] = frozenset(Work)


def claim(tx: Transaction, request: Claim) -> Sequence[Claimed]:
    """Claim due work: only the first row of each kind and line. No other process gets it during the
    lease. If a crash of the database undoes the claim, the work's commands find no valid claim and
    write nothing (``claims.py``)."""
    tx.commit_without_flush()
    until, token = tx.now + tx.settings.lease, secrets.randbits(63)
    given = {
        "now": tx.now,
        "until": until,
        "most": request.most,
        "kinds": sorted(request.kinds),
        "token": token,
    }
    rows = tx.conn.execute(_CLAIM[tx.conn.dialect.name], given).all()
    return [Claimed(r.id, Work(r.kind), r.key, r.attempts, token, until) for r in sorted(rows)]


def _next_free(kind: sa.ColumnElement[str], kinds: sa.FromClause) -> sa.Select[Any]:
    # One look into the index for each kind. In order of due_at alone, a search for a kind without
    # work reads the rows of all other kinds, and each process searches after every commit.
    of_kind = (
        select(due_work.c.due_at)
        .where(due_work.c.kind == kind, due_work.c.lease_until.is_(None), _is_first_of_its_line)
        .order_by(due_work.c.due_at)
        .limit(1)
        .correlate(kinds)
        .scalar_subquery()
    )
    return select(sa.func.min(of_kind, type_=due_work.c.due_at.type).label("at")).select_from(kinds)


_kinds = bindparam("kinds", type_=ListParameter(sa.Text()))
_in_json = sa.func.json_each(_kinds).table_valued("value")
_in_array = sa.func.unnest(_kinds).table_valued("kind", name="kinds").render_derived()
_NEXT_FREE = {
    "sqlite": _next_free(_in_json.c.value, _in_json),
    "postgresql": _next_free(_in_array.c.kind, _in_array),
}
_next_lease_end = select(
    sa.func.min(due_work.c.lease_until, type_=due_work.c.lease_until.type)
).where(one_of(due_work.c.kind, "kinds"))
_NEXT = {name: sa.union_all(free, _next_lease_end) for name, free in _NEXT_FREE.items()}


def oldest_due(conn: sa.Connection, now: datetime) -> datetime | None:
    """Return the due time of the oldest overdue work that no worker has claimed; None if there is
    none."""
    at = conn.execute(_NEXT_FREE[conn.dialect.name], {"kinds": sorted(Work)}).scalar()
    return at if at is not None and at <= now else None


MAX_READ = 256
_soon = (
    select(due_work.c.kind, due_work.c.due_at)
    .where(
        due_work.c.due_at <= bindparam("until"),
        due_work.c.lease_until.is_(None),
        _is_first_of_its_line,
    )
    .order_by(due_work.c.due_at)
    .limit(MAX_READ)
    .subquery()
)
_SOON = select(_soon.c.kind, sa.func.min(_soon.c.due_at, type_=_soon.c.due_at.type)).group_by(
    _soon.c.kind
)


def soon(conn: sa.Connection, until: datetime) -> dict[Work, datetime]:
    """Return the kinds of work that can be claimed until this time, each with its earliest due
    time. In a backlog, this reads only the oldest ``MAX_READ`` rows."""
    return {Work(kind): at for kind, at in conn.execute(_SOON, {"until": until})}


def next_due(
    conn: sa.Connection, now: datetime, kinds: frozenset[Work] = frozenset(Work)
) -> timedelta | None:
    """Return how long it takes until work of these kinds may be due; None if there is no such
    work."""
    moments = conn.execute(_NEXT[conn.dialect.name], {"kinds": sorted(kinds)}).scalars()
    return min((max(at - now, timedelta(0)) for at in moments if at is not None), default=None)


def forget_leases(tx: Transaction, _command: None = None) -> int:
    """Drop all leases. Returns their number. Call this only when the only process of a database
    starts, because no other process can then hold a lease."""
    return tx.conn.execute(
        update(due_work)
        .where(due_work.c.lease_until.is_not(None))
        .values(lease_until=None, token=None)
    ).rowcount


def end_leases(tx: Transaction, claimed: Sequence[Claimed]) -> None:
    """Release claimed work that this process will not finish. This does not affect work that
    another process has claimed since."""
    tokens = {one.id: one.token for one in claimed}
    rows = tx.conn.execute(
        select(due_work.c.id, due_work.c.token).where(one_of(due_work.c.id, tokens))
    ).all()
    still_ours = [r.id for r in rows if r.token == tokens[r.id]]
    tx.conn.execute(
        update(due_work)
        .where(one_of(due_work.c.id, still_ours))
        .values(lease_until=None, token=None)
    )
    for one in claimed:
        tx.work_is_due(one.kind, tx.now)


def drop(tx: Transaction, claimed: Claimed) -> None:
    """End claimed work that is no longer needed."""
    cancel(tx, claimed.kind, [claimed.key])
