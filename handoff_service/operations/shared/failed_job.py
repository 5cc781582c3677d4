"""Report a background job to the subscribed webhooks when it fails or is given up."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from handoff_service.operations.shared.record_events import NewEvent, is_wanted, record_events
from handoff_service.rules.shared.vocabulary import WebhookEvent, Work
from handoff_service.rules.webhooks.payloads import EventJob, JobData
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

#: The shortest time between two events about the same subject.
PAUSE = timedelta(hours=1)
# A failed webhook call must not cause another event.
_OF_WEBHOOKS = frozenset({Work.CALL_WEBHOOK, Work.WEBHOOK_NOTICE})


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedJob:
    """``after``: the wait before the next attempt. ``error``: the class of the error. The text of
    the error is left out, because it may contain a person's text."""

    kind: Work
    key: str
    attempts: int
    error: str
    after: timedelta


def release_failed_job(tx: Transaction, failed: FailedJob) -> None:
    """Release claimed work that has failed, and report it, unless it is itself webhook work."""
    due_work.release(tx, failed.kind, failed.key, tx.now + failed.after)
    if failed.kind not in _OF_WEBHOOKS:
        job = EventJob(
            kind=failed.kind,
            key=failed.key,
            attempts=failed.attempts,
            error=failed.error,
            given_up=False,
        )
        report_job(tx, job)


def report_job(tx: Transaction, job: EventJob, about: str = "") -> None:
    """Record an event about a failed job, at most once an hour for each kind and subject.
    ``about``: the subject; empty: the job's key."""
    subject = f"job:{job.kind}:{about or job.key}"
    if is_wanted(tx, {WebhookEvent.JOB_FAILED}) and not _reported(tx, subject):
        event = NewEvent(type=WebhookEvent.JOB_FAILED, subject=subject, data=JobData(job=job))
        record_events(tx, [event])


def report_given_up(tx: Transaction, kind: Work, key: object, attempts: int, error: str) -> None:
    """Record an event about a job that is not retried, at most once an hour for each job."""
    job = EventJob(kind=kind, key=str(key), attempts=attempts, error=error, given_up=True)
    report_job(tx, job)


def _reported(tx: Transaction, subject: str) -> bool:
    k = t.webhook_calls
    query = select(k.c.id).where(k.c.subject == subject, k.c.created_at > tx.now - PAUSE)
    return tx.conn.execute(query.limit(1)).first() is not None
