"""Due work. Each piece of work is a row. The transaction that makes the work necessary also writes
the row.

Of the rows with the same kind and line, workers claim only the one with the lowest id. A row that
waits for a retry blocks the rows behind it, which keeps the texts of a line in order.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, update

from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine.bulk import upsert_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.tables import due_work
from handoff_service.store.engine.transaction import Transaction

# the due time of work that a restore holds: see store/delivery/restore_holds.py
HELD = datetime(9999, 1, 1, tzinfo=UTC)
DESK_LINE = "desk"  # the line of work for the whole desk
# The line of requests for a run of work for the whole desk. The runs themselves have another line,
# because a run that is due later would block the requests behind it.
ASKED_LINE = f"{DESK_LINE}:asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Work that is due at ``due_at``. Delays never move it past ``latest``. ``key``: the id of the
    work's subject. Each kind and key has at most one row.
    """

    kind: Work
    key: str
    line: str
    due_at: datetime
    latest: datetime | None = None


def schedule(tx: Transaction, work: Iterable[Due]) -> None:
    """Schedule this work. Existing work of the same kind and key gets the new time, but not a time
    after its stored ``latest``."""
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
    for w in rows.values():
        tx.work_is_due(w.kind, w.due_at)


def cancel(tx: Transaction, kind: Work, keys: Iterable[object]) -> None:
    """Remove work that is done or no longer needed. The operation that does the work also removes
    it, in the same transaction."""
    names = [str(k) for k in keys]
    if names:
        tx.conn.execute(
            delete(due_work).where(due_work.c.kind == kind, one_of(due_work.c.key, names))
        )
        tx.work_is_due(kind, tx.now)  # the worker may now claim the next row of its line


def ask(tx: Transaction, kind: Work) -> None:
    """Request a run of work for the whole desk. Each request adds its own row, and the next run
    removes all requests (``answer``). With one shared row, concurrent transactions would have to
    wait for each other, and for the end of a current run.
    """
    key = f"{ASKED_LINE}:{secrets.token_hex(8)}"
    schedule(tx, [Due(kind=kind, key=key, line=ASKED_LINE, due_at=tx.now)])


def answer(tx: Transaction, kind: Work, *, keep: str | None = None) -> None:
    """Remove all rows of this kind at the beginning of a run: the requests, and the row of the run.
    A later request causes another run. ``keep``: do not remove rows whose key begins with this."""
    answered = due_work.c.kind == kind
    if keep is not None:
        answered &= ~due_work.c.key.startswith(keep, autoescape=True)
    tx.conn.execute(delete(due_work).where(answered))
    tx.work_is_due(kind, tx.now)  # the worker may now claim the next rows of their lines


def wake_workers(tx: Transaction) -> None:
    """Make all workers look for work after the commit, because work of many kinds may be due."""
    for kind in Work:
        tx.work_is_due(kind, tx.now)


def release(
    tx: Transaction,
    kind: Work,
    key: object,
    due_at: datetime,
    *,
    latest: datetime | None = None,
    attempts: int | None = None,
) -> None:
    """Release claimed work, which becomes due again at ``due_at``. Later delays never move it past
    ``latest``. ``attempts``: the new count; None keeps the old one.
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
    tx.work_is_due(kind, due_at)
