"""Fencing: a worker can write about claimed work only while its claim is valid.

Each claim writes a random token into the row. Ending, releasing or reclaiming the work replaces or
removes that token. If a worker was frozen past its lease or cut off from the database, it no longer
finds its token, and its writes are dropped.

``Job.write`` wraps the operation in ``fenced``, which compares the token in the same transaction.
SQLite has one writer, so no other claim can happen between the check and the write. On PostgreSQL,
another claim can happen there. A row lock would prevent this, but in the wrong order: operations
lock the conversation first and its work last. So the check keeps a shared advisory lock on the
token until the commit. A new claim skips expired rows if it cannot lock their token exclusively.
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
    """A command about work that this process has claimed, with the claim."""

    claimed: Claimed
    command: C


@dataclass(frozen=True, slots=True)
class ClaimLost:
    """Another command has ended or released this work, or another process has claimed it."""

    #: whether the lease of the claim, without renewals, is over; False: a command ended the work
    late: bool


@cache  # a lane groups commands by the identity of their operation
def fenced(operation: Any, late: Any = None) -> Any:
    """Wrap an operation for ``HeldClaim`` commands. It runs only commands with a valid claim. For
    the others it returns ``ClaimLost``. It does not raise an error, so the other commands of a set
    continue.

    ``late``: an operation to run if the claim is lost. If it returns None, the result is
    ``ClaimLost``. A ``SetBased`` operation ignores ``late``.
    """
    if isinstance(operation, SetBased):
        return SetBased(lambda tx, held: _run_set(tx, operation, held))

    @wraps(operation)
    def run(tx: Transaction, held: HeldClaim[Any]) -> Any:
        return _run(tx, operation, late, held)

    return run


def renew(tx: Transaction, claims: Sequence[Claimed]) -> None:
    """Extend the leases of the claims that are still valid."""
    still_held = (
        one_of(due_work.c.id, [c.id for c in claims]),
        one_of(due_work.c.token, _tokens(claims)),
    )
    # skip locked rows, so that this statement never waits
    free = select(due_work.c.id).where(*still_held).with_for_update(skip_locked=True)
    until = tx.now + tx.settings.lease
    tx.conn.execute(update(due_work).where(due_work.c.id.in_(free)).values(lease_until=until))


def _run(tx: Transaction, operation: Any, late: Any, held: HeldClaim[Any]) -> Any:
    if _lock_valid(tx, [held.claimed]):
        return operation(tx, held.command)
    kept = late(tx, held.command) if late is not None else None
    return _lost(tx, held.claimed) if kept is None else kept


def _run_set(tx: Transaction, operation: SetBased[Any, Any], held: Sequence[HeldClaim[Any]]) -> Any:
    valid = _lock_valid(tx, [one.claimed for one in held])
    commands = [one.command for one in held if one.claimed in valid]
    answers = iter(operation.run(tx, commands) if commands else ())
    return [next(answers) if one.claimed in valid else _lost(tx, one.claimed) for one in held]


def _lock_valid(tx: Transaction, claims: Sequence[Claimed]) -> set[Claimed]:
    """Return the claims that are still valid. No other process can take them over until this
    transaction ends."""
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
