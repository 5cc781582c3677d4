"""Ask a requester how satisfied they are, some hours after their conversation was closed.

The question is a piece of due work. When it is due, this module asks only under these conditions:

- The conversation's queue still asks, and the time for the question passed at most ``LATEST`` ago.
- The conversation is still closed as complete, and the requester has no newer one.
- The requester wrote in it, and a live agent or the virtual agent answered.
- The requester has not opted out.
- The requester was not asked within the number of days that the queue sets.

If it is too early, or if the requester has quiet hours, the question is postponed. The module locks
the requester's profile and user while it decides, so that two processes cannot both ask.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert

from handoff_service import log
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.messages_to_many import announce
from handoff_service.rules.delivery.quiet_hours import earliest_send_time
from handoff_service.rules.reports.satisfaction import LATEST, ask_at
from handoff_service.rules.shared.vocabulary import Event, State, Work
from handoff_service.store.consent import consents
from handoff_service.store.conversations import interactions, requester_zones, satisfaction
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import desk, texts
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent.spoken_language import spoken_language


class AskOutcome(StrEnum):
    ASKED = "asked"
    # postponed to the end of quiet hours, or to the later time that the queue now sets
    LATER = "later"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class AskSatisfaction:
    interaction_id: int


def ask_satisfaction(tx: Transaction, command: AskSatisfaction) -> AskOutcome:
    """Send the question, if the requester may be asked now."""
    due_work.cancel(tx, Work.ASK_SATISFACTION, [command.interaction_id])
    interaction = interactions.lock(tx.conn, command.interaction_id)
    if not _may_ask(tx, interaction):
        return AskOutcome.NOT_ASKED
    later = _later(tx, interaction)
    if later is not None:
        _schedule(tx, interaction, later)
        return AskOutcome.LATER
    body = texts.satisfaction(tx.conn, spoken_language(tx.conn, interaction.id))
    sent = announce(tx, [interaction], body, Event.SATISFACTION)
    if interaction.id not in sent:  # no text can reach this number
        return AskOutcome.NOT_ASKED
    values = {
        "interaction_id": interaction.id,
        "requester_number": interaction.requester_number,
        "provider_number_id": interaction.provider_number_id,
        "message_id": sent[interaction.id],
        "asked_at": tx.now,
    }
    tx.conn.execute(insert(t.satisfaction_questions).values(values))
    return AskOutcome.ASKED


def _may_ask(tx: Transaction, interaction: InteractionRow) -> bool:
    conn, asks = tx.conn, satisfaction.settings_of(tx.conn, interaction.queue_id)
    if interaction.state is not State.CLOSED_COMPLETE or asks.after_hours is None:
        return False
    assert interaction.closed_at is not None
    if tx.now > ask_at(interaction.closed_at, asks.after_hours) + LATEST:
        return False
    satisfaction.lock_requester(conn, interaction)
    return not (
        satisfaction.has_newer(conn, interaction)
        or consents.opted_out_of(conn, [interaction.id])
        or not satisfaction.was_answered(conn, interaction.id)
        or satisfaction.was_asked(conn, interaction, tx.now, asks.every_days)
    )


def _later(tx: Transaction, interaction: InteractionRow) -> datetime | None:
    """The later time at which to ask: the queue's time, or the end of the requester's quiet hours.
    None: ask now."""
    hours = satisfaction.settings_of(tx.conn, interaction.queue_id).after_hours
    if (
        hours is not None
        and interaction.closed_at is not None
        and (at := ask_at(interaction.closed_at, hours)) > tx.now
    ):
        return at
    quiet = desk.quiet_hours(tx.conn)
    if quiet is None:
        return None
    numbers = {interaction.id: interaction.requester_number}
    zones = requester_zones.of_interactions(tx.conn, numbers)[interaction.id]
    return earliest_send_time(quiet, tx.now, zones, interaction.closed_at)


def _schedule(tx: Transaction, interaction: InteractionRow, at: datetime) -> None:
    work = due_work.Due(
        kind=Work.ASK_SATISFACTION,
        key=str(interaction.id),
        line=f"satisfaction:{interaction.requester_number}",
        due_at=at,
    )
    due_work.schedule(tx, [work])


async def when_due(job: Job) -> None:
    outcome = await job.write(ask_satisfaction, AskSatisfaction(int(job.key)), near=job.key)
    log.info("satisfaction_asked", interaction=job.key, outcome=str(outcome))
