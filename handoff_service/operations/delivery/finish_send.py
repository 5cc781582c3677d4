"""Record the provider's answer to each send, and schedule retries."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from handoff_service.operations.consent.change_consent import refused_for_consent
from handoff_service.operations.delivery.record_receipt import apply_early_receipts, send_later
from handoff_service.operations.shared.conversation_hints import notify
from handoff_service.operations.shared.events_at_end import of_statuses
from handoff_service.ports.sms_provider import (
    Accepted,
    Later,
    LookedUp,
    Refused,
    SendResult,
    Unsure,
    Withheld,
)
from handoff_service.rules.delivery.message_status import DID_NOT_ARRIVE
from handoff_service.rules.delivery.send_errors import OPTED_OUT, SendErrors
from handoff_service.rules.shared.vocabulary import Event, Status, Work
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import update_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import SetBased, Transaction

# The wait before a look-up, because the provider's list lags and a callback usually reports the
# outcome earlier.
LOOK_UP_AFTER = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class FinishSend:
    message_id: int
    attempts: int
    result: SendResult


_LOCKED = (
    select(*t.messages.c["id", "interaction_id", "status", "provider_sid", "event", "retries"])
    .where(one_of(t.messages.c.id, "ids"))
    .order_by(t.messages.c.id)
    .with_for_update()
)


def _finish(tx: Transaction, commands: Sequence[FinishSend]) -> list[bool]:
    """Record the result of each send. It does not replace a receipt that arrived earlier.

    Returns, for each send, whether the provider did not accept it and the message waits for a
    retry. The messages queued after it on the same line wait too.
    """
    by_id = {c.message_id: c for c in commands}
    rows = tx.conn.execute(_LOCKED, {"ids": list(by_id)}).all()
    taken, errors = _taken(tx, commands), tx.settings.send_errors
    changes, done, later, opted_out = [], [], [], []
    for row in rows:
        if row.provider_sid is not None or row.status not in (Status.SENDING, Status.UNKNOWN):
            # a callback or a person settled the outcome and ended this work before the provider
            # answered
            continue
        outcome = _outcome(by_id[row.id], taken, row.retries, errors)
        is_opt_out = errors.is_opt_out(outcome.code)
        if is_opt_out and row.event == Event.CONSENT:
            # the provider has already sent its own confirmation
            outcome = _Outcome(Status.CANCELED, None, None, None)
        elif is_opt_out and not isinstance(by_id[row.id].result, Withheld):
            opted_out.append(row.id)
        taken.add(outcome.sid)
        changes.append(
            {
                "id": row.id,
                "status": outcome.status,
                "provider_sid": outcome.sid,
                "error_code": outcome.code,
                "retries": row.retries + outcome.counts,
                "changed_at": tx.now,
            }
        )
        if outcome.again is None:
            done.append(row.id)
        elif outcome.counts:
            done.append(row.id)
            later.append((row.id, tx.now + outcome.again))
        else:
            due_work.release(tx, Work.DELIVER, row.id, tx.now + outcome.again)
    update_rows(tx.conn, t.messages, changes)
    tx.at_end(of_statuses, [change["id"] for change in changes])
    due_work.cancel(tx, Work.DELIVER, done)
    send_later(tx, later)
    refused_for_consent(tx, opted_out)
    apply_early_receipts(
        tx, [change["provider_sid"] for change in changes if change["provider_sid"]]
    )
    notify(tx, {r.interaction_id for r in rows})
    waiting = {change["id"] for change in changes if change["status"] == Status.QUEUED}
    return [c.message_id in waiting and isinstance(c.result, Later | Refused) for c in commands]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A message's new status, provider id and error code, and the wait before a retry (None: no
    retry). ``counts``: the retry counts toward the error's limit, and later messages of the line do
    not wait for it."""

    status: Status
    sid: str | None
    code: int | None
    again: timedelta | None
    counts: bool = False


def _outcome(
    command: FinishSend, taken: Collection[str | None], retries: int, errors: SendErrors
) -> _Outcome:
    match command.result:
        case Accepted(sid=sid, status=status):
            return _Outcome(status, sid, None, None)
        case Refused(code=code) if not errors.explain(code).holds_line:
            again = errors.again_after(code, retries)
            return _Outcome(Status.FAILED, None, code, again, counts=again is not None)
        case Later(code=code) | Refused(code=code):
            return _Outcome(
                Status.QUEUED, None, code, _growing(timedelta(seconds=1), command.attempts)
            )
        case Unsure():
            wait = max(LOOK_UP_AFTER, _growing(LOOK_UP_AFTER, command.attempts - 1))
            return _Outcome(Status.UNKNOWN, None, None, wait)
        case Withheld():
            return _Outcome(Status.CANCELED, None, OPTED_OUT, None)
        case LookedUp(found=found):
            free = [
                one
                for one in found
                if one.sid not in taken and not (retries and one.status in DID_NOT_ARRIVE)
            ]
            if not free:
                return _Outcome(Status.QUEUED, None, None, timedelta(0))
            if len(free) == 1:
                return _Outcome(free[0].status, free[0].sid, None, None)
            # several messages fit, so a callback or a person must settle which one this is
            return _Outcome(Status.UNKNOWN, None, None, LONGEST_WAIT)


def _growing(first: timedelta, doublings: int) -> timedelta:
    wait = min(first * 2 ** min(doublings, 10), LONGEST_WAIT)
    return wait * random.uniform(0.5, 1)  # noqa: S311  # jitter, so that retries spread out


def _taken(tx: Transaction, commands: Sequence[FinishSend]) -> set[str | None]:
    """The looked-up provider ids that already belong to a stored message. Two messages never share
    an id."""
    found = [one.sid for c in commands if isinstance(c.result, LookedUp) for one in c.result.found]
    if not found:
        return set()
    query = select(t.messages.c.provider_sid).where(one_of(t.messages.c.provider_sid, found))
    return set(tx.conn.execute(query).scalars())


finish_sends: SetBased[FinishSend, bool] = SetBased(_finish)
