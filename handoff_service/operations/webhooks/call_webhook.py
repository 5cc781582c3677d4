"""Deliver one event to one webhook. The HTTP call happens outside any transaction.

Delivery is at least once: a call without a confirmed success is retried for a day with the same
event id. Calls about one subject share a line of ``due_work``, so they are made in order. A webhook
that accepts no call for days is switched off.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from handoff_service import log
from handoff_service.errors import CannotOpen
from handoff_service.operations.shared.failed_job import report_job
from handoff_service.operations.shared.job import Job
from handoff_service.operations.webhooks.switch_off import switch_off
from handoff_service.ports.call_result import CallResult
from handoff_service.ports.webhook import OutgoingCall
from handoff_service.rules.shared.vocabulary import CallState, WebhookEvent, Work
from handoff_service.rules.webhooks import signature as rules
from handoff_service.rules.webhooks.call_failures import SWITCHED_OFF
from handoff_service.rules.webhooks.payloads import EventJob
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

w, k = t.webhooks, t.webhook_calls
KEPT = timedelta(days=30)  # admins can inspect an ended call for this long
LONGEST_ANSWER = 2000  # the most characters of an answer that are stored


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginCall:
    call_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishCall:
    call_id: int
    result: CallResult


def begin_call(tx: Transaction, command: BeginCall) -> OutgoingCall | None:
    """Return the call to make now, signed with the current time. Return None if the call has ended,
    if the webhook is switched off, which gives up the call, or if its secret cannot be opened,
    which counts as a failed call."""
    row = _locked(tx, command.call_id)
    if row is None or row.state != CallState.WAITING:
        due_work.cancel(tx, Work.CALL_WEBHOOK, [command.call_id])
        return None
    hook = tx.conn.execute(select(w).where(w.c.id == row.webhook_id)).one()
    if not hook.active:
        _end(tx, row.id, CallState.GIVEN_UP, CallResult(why=SWITCHED_OFF))
        return None
    tx.conn.execute(
        update(k).where(k.c.id == row.id).values(attempts=row.attempts + 1, tried_at=tx.now)
    )
    seconds = int(tx.now.timestamp())
    try:
        secrets = _secrets(tx, hook)
    except CannotOpen as error:
        _failed(tx, row.id, CallResult(why=str(error)))
        return None
    return OutgoingCall(
        url=hook.url,
        event_id=row.event_id,
        timestamp=seconds,
        signature=rules.signatures(secrets, row.event_id, seconds, row.body),
        body=row.body,
    )


def finish_call(tx: Transaction, command: FinishCall) -> CallState:
    """Record the result of a call, and schedule a retry if it failed. Returns the call's state."""
    row, result = _locked(tx, command.call_id), command.result
    if row is None or row.state != CallState.WAITING:
        due_work.cancel(tx, Work.CALL_WEBHOOK, [command.call_id])
        return CallState.DELIVERED if row is None else CallState(row.state)
    if result.why is not None:
        return _failed(tx, row.id, result)
    this = w.c.id == row.webhook_id
    _end(tx, row.id, CallState.DELIVERED, result)
    tx.conn.execute(
        update(w).where(this, w.c.failing_since.is_not(None)).values(failing_since=None)
    )
    tx.conn.execute(delete(k).where(k.c.created_at < tx.now - KEPT, k.c.state != CallState.WAITING))
    return CallState.DELIVERED


def _failed(tx: Transaction, call_id: int, result: CallResult) -> CallState:
    row = _locked(tx, call_id)
    this = w.c.id == row.webhook_id
    tx.conn.execute(update(w).where(this, w.c.failing_since.is_(None)).values(failing_since=tx.now))
    since = tx.conn.execute(select(w.c.failing_since).where(this)).scalar_one()
    if since is not None and rules.must_switch_off(since, row.attempts, tx.now):
        switch_off(tx, row.webhook_id)
        return _given_up(tx, row, result)
    again = rules.next_try(row.attempts, row.since, tx.now)
    if again is None:
        return _given_up(tx, row, result)
    tx.conn.execute(update(k).where(k.c.id == row.id).values(_columns(result)))
    due_work.release(tx, Work.CALL_WEBHOOK, row.id, again)
    return CallState.WAITING


def _given_up(tx: Transaction, row: Any, result: CallResult) -> CallState:
    """Give up the call, and record an event about the failure. If the call was itself about a
    failed job, record none, because failures could otherwise cause endless events.
    """
    _end(tx, row.id, CallState.GIVEN_UP, result)
    if row.type != WebhookEvent.JOB_FAILED:
        job = EventJob(
            kind=Work.CALL_WEBHOOK,
            key=str(row.id),
            attempts=row.attempts,
            error="NotDelivered",
            given_up=True,
        )
        report_job(tx, job, about=f"webhook:{row.webhook_id}")
    return CallState.GIVEN_UP


def _secrets(tx: Transaction, hook: Any) -> list[str]:
    """The secrets that sign a call now, the current one first."""
    secrets = [tx.settings.sealer.open(w.c.secret, hook.secret)]
    if hook.former_secret and hook.former_until > tx.now:
        with suppress(CannotOpen):
            secrets.append(tx.settings.sealer.open(w.c.former_secret, hook.former_secret))
    return secrets


def _locked(tx: Transaction, call_id: int) -> Any:
    return tx.conn.execute(select(k).where(k.c.id == call_id).with_for_update()).one_or_none()


def _end(tx: Transaction, call_id: int, state: CallState, result: CallResult) -> None:
    tx.conn.execute(update(k).where(k.c.id == call_id).values(state=state, **_columns(result)))
    due_work.cancel(tx, Work.CALL_WEBHOOK, [call_id])


def _columns(result: CallResult) -> dict[str, Any]:
    answer = result.answer and result.answer.replace("\0", "")[:LONGEST_ANSWER]
    return {"status": result.status, "why": result.why, "answer": answer or None}


async def when_due(job: Job) -> None:
    call = await job.write(begin_call, BeginCall(call_id=int(job.key)))
    if call is None:
        return
    result = await job.deps.webhook.call(call)
    finish = FinishCall(call_id=int(job.key), result=result)
    state = await job.write(finish_call, finish)
    job.deps.metrics.calls.labels(state).inc()
    write_log = log.warning if state is CallState.GIVEN_UP else log.info
    write_log(
        "webhook_called", event=call.event_id, state=state, status=result.status, why=result.why
    )
