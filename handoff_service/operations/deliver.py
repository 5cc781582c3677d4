"""Send what is in the outbox: mark it, ask the provider (outside any transaction), write down what became of it.

A message is ``sending`` from the commit before the provider is asked to the commit after. Whoever finds it so again
(after a crash or a timeout) looks it up at the provider before sending it again, for no provider call can be repeated
safely. ``_after`` is the place for retries by error code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, select, update

from handoff_service.operations.ports import Accepted, Later, NeverSent, Outgoing, Refused, SendResult, Unsure
from handoff_service.operations.record_receipt import apply_early_receipts
from handoff_service.operations.say import tell
from handoff_service.rules.vocabulary import Status, Work
from handoff_service.store import due
from handoff_service.store import tables as t
from handoff_service.store.lanes import SetBased, Transaction

LOOK_UP_AFTER = timedelta(seconds=30)  # a callback usually settles an unsure send before this
LONGEST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class BeginSend:
    """Work of kind ``deliver`` that this process has claimed."""

    message_id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class FinishSend:
    message_id: int
    attempts: int
    result: SendResult


_OUTGOING = (
    select(
        *t.messages.c["id", "status", "body", "created_at"],
        t.interactions.c.requester_number,
        t.provider_numbers.c.number.label("sender"),
    )
    .join(t.interactions, t.interactions.c.id == t.messages.c.interaction_id)
    .join(t.provider_numbers, t.provider_numbers.c.id == t.interactions.c.provider_number_id)
    .where(t.messages.c.id.in_(bindparam("ids", expanding=True)))
)
_LOCKED = (
    select(*t.messages.c["id", "interaction_id", "status", "provider_sid"])
    .where(t.messages.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(t.messages.c.id)
    .with_for_update()
)
_SET = (
    update(t.messages)
    .where(t.messages.c.id == bindparam("_id"))
    .values(status=bindparam("_status"), provider_sid=bindparam("_sid"), error_code=bindparam("_code"))
)


def _begin(tx: Transaction, commands: Sequence[BeginSend]) -> list[Outgoing | None]:
    """Mark each message as sending. None for one that needs no sending any more; its work is taken away."""
    attempts = {c.message_id: c.attempts for c in commands}
    found = {r.id: r for r in tx.conn.execute(_OUTGOING, {"ids": list(attempts)})}
    open_ = {i for i, r in found.items() if r.status in (Status.QUEUED, Status.SENDING, Status.UNKNOWN)}
    queued = [i for i in open_ if found[i].status == Status.QUEUED]
    if queued:
        tx.conn.execute(update(t.messages).where(t.messages.c.id.in_(queued)).values(status=Status.SENDING))
    due.disarm(tx, Work.DELIVER, attempts.keys() - open_)
    return [
        Outgoing(
            message_id=c.message_id,
            to=found[c.message_id].requester_number,
            sender=found[c.message_id].sender,
            body=found[c.message_id].body,
            created_at=found[c.message_id].created_at,
            attempts=c.attempts,
            uncertain=found[c.message_id].status != Status.QUEUED,
        )
        if c.message_id in open_
        else None
        for c in commands
    ]


def _finish(tx: Transaction, commands: Sequence[FinishSend]) -> list[None]:
    """Write down what became of each send. A receipt that came first is not overwritten."""
    by_id = {c.message_id: c for c in commands}
    rows = tx.conn.execute(_LOCKED, {"ids": list(by_id)}).all()
    changes, done, sids = [], [], []
    for row in rows:
        command = by_id[row.id]
        status, sid, code, again = _after(command)
        if row.provider_sid is not None:  # a callback under our own id was quicker than the provider's answer
            status, sid, code, again = row.status, row.provider_sid, None, None
        changes.append({"_id": row.id, "_status": status, "_sid": sid, "_code": code})
        if again is None:
            done.append(row.id)
        else:
            due.release(tx, Work.DELIVER, row.id, tx.now + again)
        if sid:
            sids.append(sid)
    if changes:
        tx.conn.execute(_SET, changes)
    due.disarm(tx, Work.DELIVER, done)
    apply_early_receipts(tx, sids)
    tell(tx, {r.interaction_id for r in rows})
    return [None] * len(commands)


def _after(command: FinishSend) -> tuple[Status, str | None, int | None, timedelta | None]:
    """Status, provider's id, error code, and when to try again (None: never)."""
    match command.result:
        case Accepted(sid=sid, status=status):
            return status, sid, None, None
        case Refused(code=code):
            return Status.FAILED, None, code, None
        case Later():
            return Status.QUEUED, None, None, min(timedelta(seconds=2**command.attempts), LONGEST_WAIT)
        case NeverSent():
            return Status.QUEUED, None, None, timedelta(0)
        case Unsure():
            return Status.UNKNOWN, None, None, LOOK_UP_AFTER


begin_sends: SetBased[BeginSend, Outgoing | None] = SetBased(_begin)
finish_sends: SetBased[FinishSend, None] = SetBased(_finish)
