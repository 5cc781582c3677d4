"""Retention: finds and removes old content. ``empty_rows.py`` empties most rows of conversations.
``retention_status.py`` counts what a run would remove."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from handoff_service.rules.delivery.senders import DELETED
from handoff_service.rules.privacy.kinds import KeptKind, cutoff, removed_with, setting_of
from handoff_service.store.conversations import text_index
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.privacy.empty_rows import READ_AT_ONCE, secure_delete
from handoff_service.store.privacy.number_rows import COLUMNS, NOBODY, NumberRows, is_number
from handoff_service.store.training import clusters

CONVERSATIONS_AT_ONCE = 20
a, i, m, p, r = t.associations, t.interactions, t.messages, t.messaging_profiles, t.retention


class RetentionState(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class RetentionBatch:
    """A batch of closed conversations. ``to``: after this batch, all conversations that closed up
    to this time are done."""

    ids: Sequence[int]
    to: datetime


def cutoffs(conn: Connection, now: datetime) -> dict[KeptKind, datetime]:
    """Return the time before which retention removes content, by kind. Kinds without a limit are
    left out."""
    row = conn.execute(select(*t.desk.c[*map(setting_of, KeptKind)])).one_or_none()
    found = {} if row is None else {k: cutoff(row._mapping[setting_of(k)], now) for k in KeptKind}
    return {kind: before for kind, before in found.items() if before is not None}


def emptied_with(kind: KeptKind) -> Collection[KeptKind]:
    """Return the kinds of content that a run for this kind empties: this kind and those that it
    includes. Trainer items have their own run."""
    return removed_with(kind)


def next_batch(conn: Connection, kind: KeptKind, before: datetime) -> RetentionBatch:
    """Return the next batch of closed conversations, oldest first."""
    done_to = conn.execute(select(r.c.done_to).where(r.c.kind == kind)).scalar()
    where = i.c.closed_at < before
    if done_to is not None:
        where &= i.c.closed_at > done_to
    query = select(i.c.id, i.c.closed_at).where(where).order_by(i.c.closed_at, i.c.id)
    rows = conn.execute(query.limit(CONVERSATIONS_AT_ONCE)).all()
    if not rows:
        return RetentionBatch((), before)
    # include all conversations that closed at the same time as the last one, or the next batch
    # would skip them
    last = rows[-1].closed_at
    same = conn.execute(select(i.c.id).where(i.c.closed_at == last)).scalars()
    return RetentionBatch(list(dict.fromkeys([*(row.id for row in rows), *same])), last)


def nobody(conn: Connection) -> int | None:
    """Return the id of the profile of conversations whose requester was removed; None if it does
    not exist yet."""
    return conn.execute(select(p.c.id).where(p.c.number == NOBODY)).scalar()


def make_nobody(tx: Transaction, _command: None = None) -> int:
    """Create the profile for conversations whose requester was removed. Return its id."""
    made = sa.insert(p).values(number=NOBODY, active=False, created_at=tx.now)
    return int(tx.conn.execute(made.returning(p.c.id)).scalar_one())


def replace_numbers(tx: Transaction, rows: NumberRows) -> None:
    """Replace the number in these rows. Code requests get ``NOBODY``. In the other tables, each
    conversation gets its own replacement, so that different people never share one."""
    key, number = COLUMNS[rows.table]
    values: dict[sa.Column[Any], Any] = {number: NOBODY}
    if key.table is t.proof_sends:
        values |= {t.proof_sends.c.code_hash: None}
    else:
        values |= {number: _own_name(key.table.c.interaction_id)}
    if key.table is t.proofs:
        values |= {t.proofs.c.user_id: None}
    with secure_delete(tx):
        tx.conn.execute(update(key.table).where(one_of(key, rows.keys)).values(values))


def _own_name(interaction_id: sa.Column[int]) -> sa.ColumnElement[str]:
    return sa.literal(DELETED) + sa.cast(interaction_id, sa.Text)


def ties(conn: Connection, ids: Collection[int], nobody: int) -> list[int]:
    """Return the ids of these conversations' associations that still have a user or a number."""
    tied = a.c.user_id.is_not(None) | a.c.old_user_id.is_not(None) | (a.c.profile_id != nobody)
    query = select(a.c.id).where(one_of(a.c.interaction_id, ids), tied)
    return list(conn.execute(query.order_by(a.c.id)).scalars())


def anonymize_associations(tx: Transaction, ids: Collection[int], nobody: int) -> None:
    """Remove the users and numbers from these associations. ``nobody``: their new profile."""
    unknown = {"user_id": None, "old_user_id": None, "profile_id": nobody}
    with secure_delete(tx):
        tx.conn.execute(update(a).where(one_of(a.c.id, ids)).values(**unknown))


def anonymize_conversations(tx: Transaction, ids: Collection[int], nobody: int) -> None:
    """Remove the requester from emptied conversations that still have one. Cases keep their user.
    ``nobody``: their new profile."""
    named = select(i.c.id).where(one_of(i.c.id, ids), is_number(i.c.requester_number))
    ids = list(tx.conn.execute(named).scalars())
    with secure_delete(tx):
        text_index.forget_numbers(tx.conn, ids)
        emptied = {
            "requester_number": _own_name(i.c.id),
            "user_id": None,
            "profile_id": nobody,
            "emptied_at": tx.now,
        }
        tx.conn.execute(update(i).where(one_of(i.c.id, ids)).values(**emptied))


def old_items(conn: Connection, before: datetime) -> list[int]:
    """Return the ids of a batch of trainer items from before this time, newest first. A cluster has
    the id of its oldest item, so that item must be removed last."""
    item = t.trainer_items.c
    query = select(item.id).where(item.created_at < before).order_by(item.id.desc())
    return list(conn.execute(query.limit(READ_AT_ONCE)).scalars())


def delete_items(tx: Transaction, ids: Collection[int]) -> int:
    """Delete trainer items with their labels and pinned texts. Return the number of items."""
    item, lb, pin = t.trainer_items, t.trainer_labels, t.pinned_texts
    with secure_delete(tx):
        clusters.leave_clusters(tx.conn, ids)
        for column in (pin.c.item_id, lb.c.item_id):
            tx.conn.execute(sa.delete(column.table).where(one_of(column, ids)))
        return tx.conn.execute(sa.delete(item).where(one_of(item.c.id, ids))).rowcount
