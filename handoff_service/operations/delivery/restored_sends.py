"""An admin releases or cancels the work that a restore holds."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update

from handoff_service import log
from handoff_service.errors import Conflict
from handoff_service.operations.consent.push_consents import start_pushing
from handoff_service.operations.delivery.sweep_gaps import schedule_sweep
from handoff_service.operations.shared.cancel_scheduled import cancel_scheduled
from handoff_service.operations.shared.conversation_hints import notify
from handoff_service.operations.shared.events_at_end import of_statuses
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import CallState, Status, Work
from handoff_service.store.conversations import interactions, scheduled_texts
from handoff_service.store.conversations.interactions import line
from handoff_service.store.delivery import restore_holds
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import update_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.messaging_actions import timers

CANCELED = "Canceled by an admin after the desk was restored from a backup."


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideHeld:
    """``send``: release the held work; False: cancel it. ``agent_id`` None: a console command
    decides."""

    send: bool
    agent_id: int | None = None


def decide_held(tx: Transaction, command: DecideHeld) -> int:
    """Release all held work, or cancel the part of it that would send outdated content: texts, bot
    turns, e-mails with codes, satisfaction questions, webhook calls, and the timers and scheduled
    texts that are due. Other held work is released in either case, so that no requester waits in
    vain. Returns the number of held texts. Raises Conflict when nothing is held.
    """
    if not restore_holds.is_held(tx.conn):
        raise Conflict(
            phrase(
                "Nothing is held. Either this desk was not restored, or somebody has "
                "already released or canceled what was held."
            )
        )
    texts = restore_holds.keys(tx.conn, Work.DELIVER)
    if not command.send:
        _cancel_texts(tx, texts)
        _cancel_calls(tx)
        _cancel_timers(tx)
        _cancel_scheduled(tx)
        for kind in (Work.MAIL_CODE, Work.BOT_TURN, Work.ASK_SATISFACTION):
            due_work.cancel(tx, kind, restore_holds.keys(tx.conn, kind))
    outcome = "released" if command.send else "canceled"
    restore_holds.end(tx.conn, outcome=outcome, agent_id=command.agent_id, now=tx.now)
    due_work.wake_workers(tx)
    tx.desk_changed()
    schedule_sweep(tx)
    start_pushing(tx)
    log.info("held_work_decided", outcome=outcome, texts=len(texts), agent=command.agent_id)
    return len(texts)


def _cancel_texts(tx: Transaction, texts: list[int]) -> None:
    """Cancel the queued texts. A text that may have been sent gets the status unknown, and an agent
    settles it in its conversation."""
    m = t.messages
    rows = tx.conn.execute(
        select(*m.c["id", "interaction_id", "status"]).where(one_of(m.c.id, texts))
    ).all()
    queued = [
        {"id": r.id, "status": Status.CANCELED, "reason": CANCELED}
        for r in rows
        if r.status == Status.QUEUED
    ]
    update_rows(tx.conn, m, queued)
    update_rows(
        tx.conn,
        m,
        [{"id": r.id, "status": Status.UNKNOWN} for r in rows if r.status == Status.SENDING],
    )
    due_work.cancel(tx, Work.DELIVER, texts)
    tx.at_end(of_statuses, texts)
    notify(tx, {r.interaction_id for r in rows})


def _cancel_calls(tx: Transaction) -> None:
    calls, k = restore_holds.keys(tx.conn, Work.CALL_WEBHOOK), t.webhook_calls
    tx.conn.execute(
        update(k).where(one_of(k.c.id, calls)).values(state=CallState.GIVEN_UP, why=CANCELED)
    )
    due_work.cancel(tx, Work.CALL_WEBHOOK, calls)


def _cancel_timers(tx: Transaction) -> None:
    """Cancel held timers that are already due. Later timers still fire."""
    held, i = restore_holds.keys(tx.conn, Work.TIMER), t.interactions
    overdue = t.timers.c.due_at <= tx.now
    tx.conn.execute(delete(t.timers).where(one_of(t.timers.c.interaction_id, held), overdue))
    of_held = select(*i.c["id", "requester_number", "provider_number_id"]).where(
        one_of(i.c.id, held)
    )
    timers.wait_for_next(
        tx, {r.id: line(r.provider_number_id, r.requester_number) for r in tx.conn.execute(of_held)}
    )


def _cancel_scheduled(tx: Transaction) -> None:
    """Cancel held scheduled texts that are already due. Later ones are still sent."""
    for text_id in restore_holds.keys(tx.conn, Work.SEND_LATER):
        text = scheduled_texts.find(tx.conn, text_id)
        if text is not None and text.send_at <= tx.now:
            interaction = interactions.lock(tx.conn, text.interaction_id)
            sentence = "A scheduled text was canceled by an admin after the desk was restored"
            cancel_scheduled(tx, interaction, sentence, texts=[text])
