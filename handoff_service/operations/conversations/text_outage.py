"""Text the people who reported an outage that the service works again.

The texts are put into the outbox in batches. Each batch waits while ``BATCH`` or more of the
earlier texts are due but not sent, so other texts are not delayed and an agent can still cancel the
later batches. Each text passes the checks of ``delivery/begin_send.py``: opt-outs, quiet hours,
countries and its number's rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select, update

from handoff_service import log
from handoff_service.errors import Conflict, NotFound
from handoff_service.operations.shared import conversation_hints
from handoff_service.operations.shared.events_at_end import of_statuses
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.messages_to_many import announce
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.versions import version_for
from handoff_service.rules.shared.vocabulary import Event, Status, Work
from handoff_service.store.cases import outage_texts
from handoff_service.store.consent import consents
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.conversations.newest_on_lines import newest_on_lines
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import update_rows
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import OutageTextState
from handoff_service.store.virtual_agent.spoken_language import spoken_languages

BATCH = 25
PAUSE = timedelta(seconds=5)  # between two batches
SOON = timedelta(minutes=1)  # the next batch waits only for messages that are due within this time
OPTED_OUT = "opted out"
NOT_REACHABLE = "unreachable"
CANCELED = "Canceled, because the texts about the outage were stopped."
x, r, m = t.outage_texts, t.outage_recipients, t.messages


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOutageText:
    outage_id: int
    text_id: int


@dataclass(frozen=True, slots=True)
class TextBatch:
    """The command to send the next batch of a text if it may be sent now."""

    text_id: int


def text_batch(tx: Transaction, command: TextBatch) -> OutageTextState | None:
    """Put the next batch into the outbox, or wait if the outbox still has a batch. Returns the new
    state of the text, or None if the text is no longer stored."""
    due_work.cancel(tx, Work.TEXT_OUTAGE, [command.text_id])
    row = _locked(tx, command.text_id)
    if row is None or row.state != OutageTextState.SENDING:
        return None if row is None else OutageTextState(row.state)
    if _under_way(tx, row.id) >= BATCH:
        schedule_batch(tx, row.id, PAUSE)
        return OutageTextState.SENDING
    unsent = (r.c.outage_text_id == row.id, r.c.message_id.is_(None), r.c.skipped.is_(None))
    query = select(*r.c["id", "interaction_id"]).where(*unsent).order_by(r.c.id).limit(BATCH)
    found = {one.interaction_id: one.id for one in tx.conn.execute(query)}
    _send(tx, row, found)
    if len(found) == BATCH:
        schedule_batch(tx, row.id, PAUSE)
        return OutageTextState.SENDING
    _end(tx, row.id, OutageTextState.DONE)
    return OutageTextState.DONE


def _send(tx: Transaction, row: sa.Row[Any], found: dict[int, int]) -> None:
    """Send to the open conversation of each line. If a line has none, send to its newest
    conversation. ``found``: the chosen interaction -> the recipient's row."""
    i = t.interactions
    lines = {
        (one.requester_number, one.provider_number_id): found[one.id]
        for one in tx.conn.execute(
            select(*i.c["id", "requester_number", "provider_number_id"]).where(
                one_of(i.c.id, found)
            )
        )
    }
    newest = newest_on_lines(tx.conn, list(lines))
    where = {newest[line].id: recipient for line, recipient in lines.items()}
    locked = interactions.lock_each(tx.conn, sorted(where))
    opted_out = consents.opted_out_of(tx.conn, sorted(where))
    texted = [one for one in locked.values() if one.id not in opted_out]
    sent = _announce(tx, row, texted)
    skipped = dict.fromkeys(where, NOT_REACHABLE) | dict.fromkeys(opted_out, OPTED_OUT)
    update_rows(
        tx.conn,
        r,
        [
            {
                "id": recipient,
                "interaction_id": interaction_id,
                "message_id": sent.get(interaction_id),
                "skipped": None if interaction_id in sent else skipped[interaction_id],
            }
            for interaction_id, recipient in where.items()
        ],
    )


def _announce(
    tx: Transaction, row: sa.Row[Any], texted: Sequence[InteractionRow]
) -> dict[int, int]:
    """Text each requester in their language. Returns interaction id -> message id."""
    translations = outage_texts.translations_of(row)
    spoken = spoken_languages(tx.conn, [one.id for one in texted]) if translations else {}
    sent: dict[int, int] = {}
    for language, body in {Language.ENGLISH: row.body, **translations}.items():
        theirs = [
            one
            for one in texted
            if version_for(translations, spoken.get(one.id, Language.ENGLISH)) is language
        ]
        sent |= announce(tx, theirs, body, Event.OUTAGE_OVER)
    return sent


def _under_way(tx: Transaction, text_id: int) -> int:
    """The number of messages of this text that are in the outbox and due within ``SOON``. Messages
    that wait for the end of quiet hours do not count before that.
    """
    d = t.due_work
    waiting = (
        select(sa.func.count())
        .select_from(r)
        .join(m, m.c.id == r.c.message_id)
        .join(d, (d.c.kind == Work.DELIVER) & (d.c.key == sa.cast(m.c.id, d.c.key.type)))
        .where(r.c.outage_text_id == text_id, m.c.status == Status.QUEUED)
        .where(d.c.due_at <= tx.now + SOON)
    )
    return tx.conn.execute(waiting).scalar_one()


def cancel_outage_text(tx: Transaction, command: CancelOutageText) -> None:
    """Stop a text: cancel its messages that are still in the outbox, including those that wait for
    the end of quiet hours. Raises NotFound for an unknown id, and Conflict when no message is left
    to cancel.
    """
    text_id, row = command.text_id, _locked(tx, command.text_id)
    if row is None or row.outage_id != command.outage_id:
        raise NotFound(phrase("There is no text {text_id} about this outage.", text_id=text_id))
    queued = (
        select(*m.c["id", "interaction_id"])
        .join(r, r.c.message_id == m.c.id)
        .where(r.c.outage_text_id == text_id, m.c.status == Status.QUEUED)
        .with_for_update(of=m)
    )
    rows = tx.conn.execute(queued).all()
    if not rows and row.state != OutageTextState.SENDING:
        raise Conflict(phrase("All of these texts have left the desk, so none can be canceled."))
    ids = [one.id for one in rows]
    if ids:
        values = {"status": Status.CANCELED, "reason": CANCELED, "changed_at": tx.now}
        tx.conn.execute(update(m).where(one_of(m.c.id, ids)).values(values))
        due_work.cancel(tx, Work.DELIVER, ids)
        tx.at_end(of_statuses, ids)
        conversation_hints.notify(tx, sorted({one.interaction_id for one in rows}))
    _end(tx, text_id, OutageTextState.CANCELED)


def _locked(tx: Transaction, text_id: int) -> sa.Row[Any] | None:
    return tx.conn.execute(select(x).where(x.c.id == text_id).with_for_update()).one_or_none()


def _end(tx: Transaction, text_id: int, state: OutageTextState) -> None:
    tx.conn.execute(update(x).where(x.c.id == text_id).values(state=state, ended_at=tx.now))
    due_work.cancel(tx, Work.TEXT_OUTAGE, [text_id])


def schedule_batch(tx: Transaction, text_id: int, after: timedelta) -> None:
    """Schedule the next batch of the text. ``after``: the time from now."""
    line = f"outage-text:{text_id}"
    due_work.schedule(
        tx,
        [due_work.Due(kind=Work.TEXT_OUTAGE, key=str(text_id), line=line, due_at=tx.now + after)],
    )


async def when_due(job: Job) -> None:
    state = await job.write(text_batch, TextBatch(int(job.key)))
    log.info("outage_text_batch", text=job.key, state=str(state or "gone"))
