"""Record delivery receipts. A receipt may arrive early, twice or out of order, but it never moves a
message's status backward."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from handoff_service.operations.consent.change_consent import refused_for_consent
from handoff_service.operations.shared.conversation_hints import notify
from handoff_service.operations.shared.events_at_end import of_statuses
from handoff_service.rules.delivery.message_status import DID_NOT_ARRIVE, next_status
from handoff_service.rules.delivery.send_errors import SendErrors
from handoff_service.rules.shared.vocabulary import Status, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import update_rows
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import SetBased, Transaction

# How long an unmatched receipt is kept. An older one must belong to another program's message.
KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The provider's report about a message. ``sid``: the provider's id. ``message_id`` and
    ``retries`` (0: the first attempt) come from the callback address, if it contains them."""

    sid: str
    status: Status
    error_code: int | None = None
    message_id: int | None = None
    retries: int = 0


_MESSAGES = (
    select(*t.messages.c["id", "interaction_id", "status", "provider_sid", "error_code", "retries"])
    .where(
        or_(
            one_of(t.messages.c.provider_sid, "sids"),
            one_of(t.messages.c.id, "ids"),
        ),
        t.messages.c.direction == "outbound",
    )
    .order_by(t.messages.c.id)
    .with_for_update()
)


@dataclass(slots=True)
class _Message:
    id: int
    interaction_id: int
    status: Status
    sid: str | None
    code: int | None
    retries: int
    changed: bool = False
    again: timedelta | None = None


def _record(tx: Transaction, receipts: Sequence[Receipt]) -> list[bool]:
    """Record these receipts. Returns, for each receipt, whether it matches a known message. The
    others are kept for ``KEPT_FOR``, in case their message gets its provider id later."""
    rows = tx.conn.execute(
        _MESSAGES,
        {
            "sids": [r.sid for r in receipts],
            "ids": [r.message_id for r in receipts if r.message_id is not None],
        },
    )
    messages = [
        _Message(r.id, r.interaction_id, Status(r.status), r.provider_sid, r.error_code, r.retries)
        for r in rows
    ]
    by_sid = {m.sid: m for m in messages if m.sid}
    never_tried = _never_tried(tx, messages)
    by_id = {m.id: m for m in messages if m.id not in never_tried}
    known, early = [], []
    for receipt in receipts:
        message = by_sid.get(receipt.sid)
        if message is None and receipt.message_id is not None:
            message = by_id.get(receipt.message_id)
            if message is not None and (
                message.sid is not None or message.retries != receipt.retries
            ):
                message = None  # the receipt is about another message or an earlier attempt
        known.append(message is not None)
        if message is None:
            early.append(receipt)
            continue
        _apply(message, receipt, tx.settings.send_errors)
        by_sid[receipt.sid] = message
    _keep(tx, early)
    _write(tx, [m for m in messages if m.changed])
    return known


def _never_tried(tx: Transaction, messages: Sequence[_Message]) -> set[int]:
    """Messages in the outbox that no worker has tried to send yet. A receipt that names one of them
    must be about a message of another database."""
    w = t.due_work.c
    queued = [str(m.id) for m in messages if m.status == Status.QUEUED and m.sid is None]
    if not queued:
        return set()
    keys = tx.conn.execute(
        select(w.key).where(w.kind == Work.DELIVER, one_of(w.key, queued), w.attempts == 0)
    )
    return {int(key) for key in keys.scalars()}


record_receipt: SetBased[Receipt, bool] = SetBased(_record)


def apply_early_receipts(tx: Transaction, sids: Collection[str]) -> None:
    """Apply the receipts that arrived before the provider's answer to the send."""
    u = t.unmatched_receipts
    if not sids:
        return
    rows = tx.conn.execute(delete(u).where(one_of(u.c.provider_sid, sids)).returning(u)).all()
    if rows:
        _record(
            tx,
            [
                Receipt(sid=r.provider_sid, status=Status(r.status), error_code=r.error_code)
                for r in rows
            ],
        )


def _apply(message: _Message, receipt: Receipt, errors: SendErrors) -> None:
    if message.sid is None:
        message.sid, message.changed = receipt.sid, True
    status = next_status(message.status, receipt.status)
    if status is not None and message.again is None:
        message.status, message.code, message.changed = status, receipt.error_code, True
        if status in DID_NOT_ARRIVE:
            message.again = errors.again_after(receipt.error_code, message.retries)


def send_later(tx: Transaction, messages: Sequence[tuple[int, datetime]]) -> None:
    """Schedule retries at these times. Each retry gets its own line of work, so it blocks no other
    message."""
    due_work.schedule(
        tx,
        [
            due_work.Due(
                kind=Work.DELIVER, key=str(message_id), line=f"again:{message_id}", due_at=at
            )
            for message_id, at in messages
        ],
    )


def _keep(tx: Transaction, receipts: Sequence[Receipt]) -> None:
    if receipts:
        u = t.unmatched_receipts
        tx.conn.execute(delete(u).where(u.c.received_at < tx.now - KEPT_FOR))
        tx.conn.execute(
            upsert(tx.conn, t.unmatched_receipts).on_conflict_do_nothing(),
            [
                {
                    "provider_sid": r.sid,
                    "status": r.status,
                    "error_code": r.error_code,
                    "received_at": tx.now,
                }
                for r in receipts
            ],
        )


def _write(tx: Transaction, messages: Sequence[_Message]) -> None:
    if not messages:
        return
    again = [m for m in messages if m.again is not None]
    for m in again:
        m.retries += 1
    update_rows(
        tx.conn,
        t.messages,
        [
            {
                "id": m.id,
                "status": m.status,
                "provider_sid": m.sid,
                "error_code": m.code,
                "retries": m.retries,
                "changed_at": tx.now,
            }
            for m in messages
        ],
    )
    # a receipt proves that the message was sent, even if the provider's answer says that it failed
    due_work.cancel(tx, Work.DELIVER, [m.id for m in messages])
    send_later(tx, [(m.id, tx.now + m.again) for m in again if m.again is not None])
    refused_for_consent(tx, [m.id for m in messages if tx.settings.send_errors.is_opt_out(m.code)])
    notify(tx, {m.interaction_id for m in messages})
    tx.at_end(of_statuses, [m.id for m in messages])
