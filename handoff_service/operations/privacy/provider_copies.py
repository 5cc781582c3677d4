"""The provider's copies of an erased person's texts: list the copies, and record whether the
provider has erased each one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, update

from handoff_service.operations.privacy.erase_steps import add_counts
from handoff_service.rules.privacy.erasures import CopyState
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy.erasure_reads import Running

c = t.erased_copies


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCopies:
    """The provider's ids of texts whose copies it must erase."""

    erasure_id: int
    sids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishCopy:
    """``why``: the provider's objection; None: it has erased its copy."""

    erasure: Running
    sid: str
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseCopies:
    """Copies that the provider does not erase, and the reason."""

    erasure_id: int
    sids: Sequence[str]
    why: str


def list_copies(tx: Transaction, command: ListCopies) -> None:
    """Store the list of texts that the provider must erase."""
    waits = {"erasure_id": command.erasure_id, "state": CopyState.WAITING}
    tx.conn.execute(insert(c), [waits | {"provider_sid": sid} for sid in command.sids])


def finish_copy(tx: Transaction, command: FinishCopy) -> None:
    """Record whether the provider has erased its copy of a text."""
    state = CopyState.ERASED if command.why is None else CopyState.REFUSED
    mine = (c.c.erasure_id == command.erasure.id, c.c.provider_sid == command.sid)
    tx.conn.execute(update(c).where(*mine).values(state=state, why=command.why))
    if state is CopyState.ERASED:
        add_counts(tx, command.erasure.id, Counter(provider_copies=1))


def refuse_copies(tx: Transaction, command: RefuseCopies) -> None:
    """Record that the provider does not erase these copies."""
    mine = (c.c.erasure_id == command.erasure_id, one_of(c.c.provider_sid, command.sids))
    tx.conn.execute(update(c).where(*mine).values(state=CopyState.REFUSED, why=command.why))


def drop_copies(tx: Transaction, ids: Sequence[int]) -> None:
    """Delete these rows from the list of copies, because the copies are erased."""
    tx.conn.execute(delete(c).where(one_of(c.c.id, ids)))
