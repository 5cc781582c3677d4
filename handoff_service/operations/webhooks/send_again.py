"""Send a test event to a webhook, or send the events that it has missed again."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, update

from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.shared.record_events import (
    NewEvent,
    call_row,
    line,
    new_event_id,
    put_calls,
)
from handoff_service.operations.webhooks.webhooks import stored_fields
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import CallState, WebhookEvent, Work
from handoff_service.rules.webhooks.payloads import EventOfTest, WebhookTestData
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.webhooks.webhooks import NO_CALL

k = t.webhook_calls
IS_OFF = phrase("This webhook is switched off. Switch it on first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAgain:
    webhook_id: int
    call_id: int


def send_test(tx: Transaction, webhook_id: int) -> int:
    """Send a test event. Returns the id of its call. Raises NotFound for an unknown webhook, and
    Conflict for one that is switched off."""
    with_texts = _switched_on(tx, webhook_id)
    event = NewEvent(
        type=WebhookEvent.TEST,
        subject="test",
        data=WebhookTestData(test=EventOfTest(webhook_id=webhook_id)),
    )
    row = call_row(tx, webhook_id, event, new_event_id(), with_texts=with_texts)
    return put_calls(tx, [row])[0]


def send_again(tx: Transaction, command: SendAgain) -> None:
    """Send this event now, even if the webhook has already accepted it. Its day of retries starts
    again. Raises NotFound for an unknown webhook or event, and Conflict for a webhook that is
    switched off."""
    _switched_on(tx, command.webhook_id)
    if _schedule(tx, command.webhook_id, k.c.id == command.call_id) == 0:
        raise NotFound(NO_CALL)


def send_missed(tx: Transaction, webhook_id: int) -> int:
    """Send again, in order, all events that were given up. Returns how many there are. Raises
    NotFound for an unknown webhook, and Conflict for one that is switched off."""
    _switched_on(tx, webhook_id)
    return _schedule(tx, webhook_id, k.c.state == CallState.GIVEN_UP)


def _switched_on(tx: Transaction, webhook_id: int) -> bool:
    fields = stored_fields(tx, webhook_id)
    if not fields.active:
        raise Conflict(IS_OFF)
    return fields.with_texts


def _schedule(tx: Transaction, webhook_id: int, which: ColumnElement[bool]) -> int:
    these = (k.c.webhook_id == webhook_id, which)
    query = select(k.c.id, k.c.subject).where(*these).order_by(k.c.id).with_for_update()
    rows = tx.conn.execute(query).all()
    begun = {"state": CallState.WAITING, "since": tx.now, "attempts": 0}
    tx.conn.execute(update(k).where(*these).values(**begun))
    due_work.schedule(
        tx,
        [
            due_work.Due(
                kind=Work.CALL_WEBHOOK,
                key=str(row.id),
                line=line(webhook_id, row.subject),
                due_at=tx.now,
            )
            for row in rows
        ],
    )
    return len(rows)
