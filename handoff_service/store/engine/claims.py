"""Fencing: a worker's writes about claimed work count only while it still holds the claim.

Each claim writes a random token into the row. Ending, releasing or reclaiming the work replaces
that token. A worker that was frozen past its lease, or cut off from the database, therefore no
longer finds its token, and its writes are dropped.

The worker makes all its writes through ``fenced``, which compares the token in the same
transaction. SQLite has one writer, so no other claim can come between the check and the write. On
PostgreSQL one could. A row lock would prevent it, but operations lock the conversation first and
its work last, and this lock would be in the opposite order. The check therefore holds a shared
advisory lock on the token until its commit, and a new claim skips expired rows whose token it
cannot lock exclusively.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select, update

from handoff_service.store.engine.claiming import Claimed
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.tables import due_work
from handoff_service.store.engine.transaction import SetBased, Transaction

type Operation[C, R] = SetBased[C, R] | Callable[[Transaction, C], R]


@dataclass(frozen=True, slots=True)
class HeldClaim[C]:
    """A command about work that this process has claimed."""

    claimed: Claimed
    command: C


@dataclass(frozen=True, slots=True)
class ClaimLost:
    """This work was ended, released or claimed by somebody else meanwhile."""

    late: bool  # whether the lease had expired; False: another command ended the work


@cache  # cached because a lane groups commands by the identity of their set-based operation
def fenced(operation: Any, late: Any = None) -> Any:
    """Wrap an operation, so that it takes ``HeldClaim`` commands and runs only those with a valid
    claim. For the others it returns ``ClaimLost`` and raises nothing, so that the other commands of
    a set continue.

    ``late``: an operation that gets the command when the claim is lost. It returns its result or
    None.
    """
    if isinstance(operation, SetBased):
        return SetBased(lambda tx, held: _run_set(tx, operation, held))

    @wraps(operation)
    def run(tx: Transaction, held: HeldClaim[Any]) -> Any:
        return _run(tx, operation, late, held)

    return run


def renew(tx: Transaction, claims: Sequence[Claimed]) -> None:
    """Extend the leases of these claims, except lost ones."""
    mine = (
        one_of(due_work.c.id, [c.id for c in claims]),
        one_of(due_work.c.token, _tokens(claims)),
    )
    # this statement never waits for a lock
    free = select(due_work.c.id).where(*mine).with_for_update(skip_locked=True)
    until = tx.now + tx.settings.lease
    tx.conn.execute(update(due_work).where(due_work.c.id.in_(free)).values(lease_until=until))


def _run(tx: Transaction, operation: Any, late: Any, held: HeldClaim[Any]) -> Any:
    if _standing(tx, [held.claimed]):
        return operation(tx, held.command)
    kept = late(tx, held.command) if late is not None else None
    return _lost(tx, held.claimed) if kept is None else kept


def _run_set(tx: Transaction, operation: SetBased[Any, Any], held: Sequence[HeldClaim[Any]]) -> Any:
    standing = _standing(tx, [one.claimed for one in held])
    commands = [one.command for one in held if one.claimed in standing]
    answers = iter(operation.run(tx, commands) if commands else ())
    return [next(answers) if one.claimed in standing else _lost(tx, one.claimed) for one in held]


def _standing(tx: Transaction, claims: Sequence[Claimed]) -> set[Claimed]:
    """The claims that are still valid, locked against takeover until this transaction ends."""
    if tx.conn.dialect.name == "postgresql":
        tx.conn.execute(_SHARE, {"tokens": _tokens(claims)})
    found = tx.conn.execute(_TOKENS, {"ids": [c.id for c in claims]})
    by_id = {row.id: row.token for row in found}
    return {c for c in claims if by_id.get(c.id) == c.token}


_TOKENS = select(*due_work.c["id", "token"]).where(one_of(due_work.c.id, "ids"))
_SHARE = sa.text(
    "SELECT pg_advisory_xact_lock_shared(token) FROM unnest(CAST(:tokens AS bigint[])) AS token"
)


def _tokens(claims: Sequence[Claimed]) -> list[int]:
    return sorted({c.token for c in claims})


def _lost(tx: Transaction, claimed: Claimed) -> ClaimLost:
    return ClaimLost(late=claimed.until <= tx.now)
