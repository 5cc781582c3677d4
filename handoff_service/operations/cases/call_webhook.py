"""Send an event to the outgoing webhook's address. The HTTP call happens outside any transaction.

Delivery is at least once: a call without confirmed success is retried for a day under the same
event id. Calls about one case are made in order because they share a line of ``due_work``.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from handoff_service import log
from handoff_service.errors import NotFound
from handoff_service.operations.cases.record_case import line
from handoff_service.operations.shared.job import Job
from handoff_service.ports import Called, OutgoingCall
from handoff_service.rules.cases import webhook as rules
from handoff_service.rules.shared.vocabulary import CallState, Work
from handoff_service.store.cases import webhook
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

k = t.webhook_calls
KEPT = timedelta(days=30)  # delivered calls are kept this long for the admin to inspect
NO_ADDRESS = "The webhook no longer has an address."


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginCall:
    call_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishCall:
    call_id: int
    called: Called


def begin_call(tx: Transaction, command: BeginCall) -> OutgoingCall | None:
    """Return the call to make now, freshly signed. None if none is left; its work is then
    removed."""
    row = _locked(tx, command.call_id)
    if row is None or row.state != CallState.WAITING:
        due_work.cancel(tx, Work.CALL_WEBHOOK, [command.call_id])
        return None
    hook = webhook.webhook(tx.conn)
    if hook is None or hook.url is None:
        _end(tx, row.id, CallState.GIVEN_UP, status=None, why=NO_ADDRESS)
        return None
    secret = webhook.secret_of(tx.settings, hook)
    tx.conn.execute(
        update(k).where(k.c.id == row.id).values(attempts=row.attempts + 1, tried_at=tx.now)
    )
    seconds = int(tx.now.timestamp())
    return OutgoingCall(
        url=hook.url,
        event_id=row.event_id,
        timestamp=seconds,
        signature=rules.signature(secret, row.event_id, seconds, row.body),
        body=row.body,
    )


def finish_call(tx: Transaction, command: FinishCall) -> CallState:
    """Record the result of a call. A failed call is retried for a day."""
    row, called = _locked(tx, command.call_id), command.called
    if row is None or row.state != CallState.WAITING:
        due_work.cancel(tx, Work.CALL_WEBHOOK, [command.call_id])
        return CallState.DELIVERED if row is None else CallState(row.state)
    if called.why is None:
        _end(tx, row.id, CallState.DELIVERED, status=called.status, why=None)
        tx.conn.execute(
            delete(k).where(k.c.created_at < tx.now - KEPT, k.c.state == CallState.DELIVERED)
        )
        return CallState.DELIVERED
    again = rules.next_try(row.attempts, row.since, tx.now)
    if again is None:
        _end(tx, row.id, CallState.GIVEN_UP, status=called.status, why=called.why)
        return CallState.GIVEN_UP
    tx.conn.execute(update(k).where(k.c.id == row.id).values(status=called.status, why=called.why))
    due_work.release(tx, Work.CALL_WEBHOOK, row.id, again)
    return CallState.WAITING


def call_again(tx: Transaction, call_id: int) -> None:
    """Send this event now, even if it was sent before. Its day of retries starts again. NotFound
    for an unknown event."""
    row = _locked(tx, call_id)
    if row is None:
        raise NotFound("This call is no longer stored.")
    tx.conn.execute(
        update(k).where(k.c.id == call_id).values(state=CallState.WAITING, since=tx.now, attempts=0)
    )
    due_work.schedule(
        tx,
        [
            due_work.Due(
                kind=Work.CALL_WEBHOOK, key=str(call_id), line=line(row.case_id), due_at=tx.now
            )
        ],
    )


def _locked(tx: Transaction, call_id: int) -> Any:
    return tx.conn.execute(select(k).where(k.c.id == call_id).with_for_update()).one_or_none()


def _end(
    tx: Transaction, call_id: int, state: CallState, *, status: int | None, why: str | None
) -> None:
    tx.conn.execute(update(k).where(k.c.id == call_id).values(state=state, status=status, why=why))
    due_work.cancel(tx, Work.CALL_WEBHOOK, [call_id])


async def when_due(job: Job) -> None:
    call = await job.write(begin_call, BeginCall(call_id=int(job.key)))
    if call is None:
        return
    called = await job.deps.webhook.call(call)
    finish = FinishCall(call_id=int(job.key), called=called)
    state = await job.write(finish_call, finish)
    job.deps.metrics.calls.labels(state).inc()
    say = log.warning if state is CallState.GIVEN_UP else log.info
    say("webhook_called", event=call.event_id, state=state, status=called.status, why=called.why)
