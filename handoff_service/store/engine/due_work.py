"""Due work: one row per piece of work, written in the transaction that makes it necessary.

Of the rows with the same kind and line, only the one with the lowest id is worked on. A row that
waits for a retry blocks the rows after it, which keeps the texts of a line in order.
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
