"""Due work: one row per piece of work, written in the transaction that makes it necessary.

Of the rows with the same kind and line, only the one with the lowest id is worked on. A row that
waits for a retry blocks the rows after it, which keeps the texts of a line in order.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine.bulk import upsert_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.tables import due_work
from handoff_service.store.engine.transaction import Transaction

# the due time of work that a restore holds: see store/delivery/restore_holds.py
HELD = datetime(9999, 1, 1, tzinfo=UTC)
DESK_LINE = "desk"  # the line of work for the whole desk
# The line of the rows that ask for a run of such work. It is not the line of the runs themselves,
# because a row that is due later would block the rows after it.
ASKED_LINE = f"{DESK_LINE}:asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Work that is due at ``due_at``. Delays never move it past ``latest``. ``key``: the id of its
    subject. There is one row per kind and key.
    """

    kind: Work
    key: str
    line: str
    due_at: datetime
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """Work that this process holds until its lease expires or somebody else ends the work."""

    id: int
    kind: Work
    key: str
    attempts: int
    token: int  # written into the row by this claim: see store/engine/claims.py
    until: datetime  # when the lease expires, unless it is renewed


def schedule(tx: Transaction, work: Iterable[Due]) -> None:
    """Schedule this work. Existing work of the same kind and key gets the new time."""
    rows = {(w.kind, w.key): w for w in work}
    if not rows:
        return
    upsert_rows(
        tx.conn,
        due_work,
        [
            {
                "kind": w.kind,
                "key": w.key,
                "line": w.line,
                "due_at": w.due_at,
                "attempts": 0,
                "lease_until": None,
                "latest": w.latest,
                "token": None,
            }
            for w in rows.values()
        ],
        key=("kind", "key"),
        change=("due_at",),
        up_to="latest",
    )
    tx.work_is_due(min(w.due_at for w in rows.values()))


def cancel(tx: Transaction, kind: Work, keys: Iterable[object]) -> None:
    """Remove work that is done or no longer wanted. An operation also removes the work that it is
    doing, in its own transaction."""
    names = [str(k) for k in keys]
    if names:
        tx.conn.execute(
            delete(due_work).where(due_work.c.kind == kind, one_of(due_work.c.key, names))
        )
        tx.work_is_due(tx.now)  # the worker may now claim the next row of its line


def ask(tx: Transaction, kind: Work) -> None:
    """Ask for a run of work for the whole desk. Many transactions ask at the same time: each adds
    its own row, and the next run removes all these rows (``answer``). If all transactions changed
    one shared row, each would have to wait for the transaction before it, on any host, and for the
    end of a run that is under way.
    """
    key = f"{ASKED_LINE}:{secrets.token_hex(8)}"
    schedule(tx, [Due(kind=kind, key=key, line=ASKED_LINE, due_at=tx.now)])


def answer(tx: Transaction, kind: Work, *, keep: str | None = None) -> None:
    """Remove all work of this kind at the beginning of a run. Requests that arrive later lead to
    another run. ``keep``: keep the rows whose key begins with this."""
    these = due_work.c.kind == kind
    if keep is not None:
        these &= ~due_work.c.key.startswith(keep, autoescape=True)
    tx.conn.execute(delete(due_work).where(these))
    tx.work_is_due(tx.now)  # the worker may now claim the next rows of their lines


def release(
    tx: Transaction,
    kind: Work,
    key: object,
    due_at: datetime,
    *,
    latest: datetime | None = None,
    attempts: int | None = None,
) -> None:
    """Release claimed work to be done again at ``due_at``. Later delays never move it past
    ``latest``. ``attempts``: the new count; None: unchanged.
    """
    tx.conn.execute(
        update(due_work)
        .where(due_work.c.kind == kind, due_work.c.key == str(key))
        .values(
            due_at=due_at,
            lease_until=None,
            token=None,
            latest=latest,
            attempts=due_work.c.attempts if attempts is None else attempts,
        )
    )
    tx.work_is_due(due_at)


_other = due_work.alias("other")
# Whether nobody is finishing this row right now. Only PostgreSQL has several writers: see
# store/engine/claims.py.
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
    # A CTE runs once. PostgreSQL may run a subquery again for each row, and then more rows than the
    # limit would be claimed.
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
    """Claim due work, the first row of each kind and line. Nobody else gets it during the lease."""
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


_NEXT_FREE = (
    select(due_work.c.due_at)
    .where(
        one_of(due_work.c.kind, "kinds"),
        due_work.c.lease_until.is_(None),
        _is_first_of_its_line,
    )
    .order_by(due_work.c.due_at)
    .limit(1)
)
_NEXT_LEASE_END = select(
    sa.func.min(due_work.c.lease_until, type_=due_work.c.lease_until.type)
).where(one_of(due_work.c.kind, "kinds"))


def oldest_due(conn: sa.Connection, now: datetime) -> datetime | None:
    """The due time of the oldest overdue work that no worker has claimed; None without any."""
    at = conn.execute(_NEXT_FREE, {"kinds": sorted(Work)}).scalar()
    return at if at is not None and at <= now else None


LOOKED_THROUGH = 256
_soon = (
    select(due_work.c.kind, due_work.c.due_at)
    .where(
        due_work.c.due_at <= bindparam("until"),
        due_work.c.lease_until.is_(None),
        _is_first_of_its_line,
    )
    .order_by(due_work.c.due_at)
    .limit(LOOKED_THROUGH)
    .subquery()
)
_SOON = select(_soon.c.kind, sa.func.min(_soon.c.due_at, type_=_soon.c.due_at.type)).group_by(
    _soon.c.kind
)


def soon(conn: sa.Connection, until: datetime) -> dict[Work, datetime]:
    """The kinds of work that can be claimed until this time, each with the earliest time when one
    can. In a backlog, it reads only the oldest ``LOOKED_THROUGH`` pieces."""
    return {Work(kind): at for kind, at in conn.execute(_SOON, {"until": until})}


def next_due(
    conn: sa.Connection, now: datetime, kinds: frozenset[Work] = frozenset(Work)
) -> timedelta | None:
    """Return the time until work of these kinds may be due; None if there is no such work."""
    moments = [
        conn.execute(query, {"kinds": sorted(kinds)}).scalar()
        for query in (_NEXT_FREE, _NEXT_LEASE_END)
    ]
    return min((max(at - now, timedelta(0)) for at in moments if at is not None), default=None)


def forget_leases(tx: Transaction, _command: None = None) -> int:
    """Drop all leases when a database's only process starts, because their holders are gone."""
    return tx.conn.execute(
        update(due_work)
        .where(due_work.c.lease_until.is_not(None))
        .values(lease_until=None, token=None)
    ).rowcount


def end_leases(tx: Transaction, claimed: Sequence[Claimed]) -> None:
    """Give back claimed work that this process will not finish. Work that was claimed again is
    unchanged."""
    tokens = {one.id: one.token for one in claimed}
    rows = tx.conn.execute(
        select(due_work.c.id, due_work.c.token).where(one_of(due_work.c.id, tokens))
    ).all()
    still = [r.id for r in rows if r.token == tokens[r.id]]
    tx.conn.execute(
        update(due_work).where(one_of(due_work.c.id, still)).values(lease_until=None, token=None)
    )
    tx.work_is_due(tx.now)


def drop(tx: Transaction, claimed: Claimed) -> None:
    """End claimed work that nobody wants any more."""
    cancel(tx, claimed.kind, [claimed.key])
