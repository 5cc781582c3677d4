"""Send later: an agent schedules a text, confirms it, moves it, sends it at once, or cancels it.

If the requester writes or the owner changes before the send time, the text waits until an agent
decides whether to send it (``rules/conversations/scheduled_texts.py``).
"""

from dataclasses import dataclass
from datetime import datetime

from handoff_service import log
from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.consent.change_consent import must_allow
from handoff_service.operations.conversations.send_sms import Write, send_parts, send_sms
from handoff_service.operations.shared import conversation_hints, messages, uploads
from handoff_service.operations.shared.cancel_scheduled import PICTURES, cancel_scheduled
from handoff_service.operations.shared.future_times import in_the_future, in_words
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.message_text import checked_sms
from handoff_service.operations.shared.participation import (
    active,
    lock_for,
    notify_assigned,
    notify_owner,
)
from handoff_service.rules.conversations.scheduled_texts import AtDue, SendQuestion, at_due
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Event, Owner, Work
from handoff_service.store.consent import consents
from handoff_service.store.conversations import interactions, scheduled_texts
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction

WAITS = {
    SendQuestion.REQUESTER_WROTE: "the requester has written again",
    SendQuestion.OWNER_CHANGED: "the conversation has changed owner",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleText:
    """``media``: this agent's uploads for the text. With media, the text may be empty."""

    interaction_id: int
    agent_id: int
    body: str
    send_at: datetime
    media: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepText:
    """``send_at``: the new send time; None: the present one, which must not have passed."""

    interaction_id: int
    text_id: int
    agent_id: int
    send_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneText:
    """A scheduled text that an agent cancels or sends at once."""

    interaction_id: int
    text_id: int
    agent_id: int


@dataclass(frozen=True, slots=True)
class SendDue:
    """A scheduled text that is due."""

    text_id: int


def schedule_text(tx: Transaction, command: ScheduleText) -> int:
    """Schedule the text. Returns its id. Raises BadInput for a wrong text or time. Raises Conflict
    for a requester who cannot be texted, and for a conversation that no live agent owns."""
    body = checked_sms(command.body, may_be_empty=bool(command.media))
    send_at = in_the_future(command.send_at, tx.now, "send_at")
    interaction = _owned(active(lock_for(tx, command.interaction_id, command.agent_id)))
    must_allow(tx.conn, interaction.requester_number, interaction.provider_number_id)
    did = f"scheduled a text for {in_words(tx.conn, send_at)}"
    _add_message(tx, interaction, command.agent_id, did, body)
    notify_owner(tx, interaction, command.agent_id, did)
    current = interactions.lock(tx.conn, interaction.id)
    media = uploads.hold(tx, command.agent_id, command.media)
    return scheduled_texts.put(tx, current, command.agent_id, body, send_at, media)


def keep_text(tx: Transaction, command: KeepText) -> None:
    """Confirm the text for its send time or move it to a new one, even if the requester has written
    or the owner has changed. The agent becomes its author."""
    interaction = _owned(active(lock_for(tx, command.interaction_id, command.agent_id)))
    text = scheduled_texts.one(tx.conn, command.interaction_id, command.text_id)
    if command.send_at is None and text.send_at <= tx.now:
        raise BadInput(
            errors={"send_at": phrase("has passed: choose another time, or send it now")}
        )
    send_at = in_the_future(command.send_at or text.send_at, tx.now, "send_at")
    did = "kept" if send_at == text.send_at else "moved"
    did += f" a scheduled text for {in_words(tx.conn, send_at)}"
    _add_message(tx, interaction, command.agent_id, did, text.body)
    notify_owner(tx, interaction, command.agent_id, did)
    current = interactions.lock(tx.conn, interaction.id)
    scheduled_texts.keep(tx, current, text.id, command.agent_id, send_at)


def cancel_text(tx: Transaction, command: OneText) -> None:
    """Cancel the text. Raises NotFound when it has already been sent or canceled."""
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    text = scheduled_texts.one(tx.conn, command.interaction_id, command.text_id)
    did = "canceled a scheduled text"
    line = f"{agent_name(tx.conn, command.agent_id)} {did}"
    cancel_scheduled(tx, interaction, line, texts=[text], agent_id=command.agent_id)
    notify_owner(tx, interaction, command.agent_id, did)


def send_now(tx: Transaction, command: OneText) -> int:
    """Send the text at once as this agent's text. Returns the message's id."""
    lock_for(tx, command.interaction_id, command.agent_id)
    text = scheduled_texts.one(tx.conn, command.interaction_id, command.text_id)
    scheduled_texts.drop(tx, [text.id])
    uploads.hand_over(tx, command.agent_id, text.media)
    write = Write(
        interaction_id=command.interaction_id,
        agent_id=command.agent_id,
        body=text.body,
        media=tuple(text.media),
    )
    return send_sms(tx, write)


def send_due(tx: Transaction, command: SendDue) -> AtDue | None:
    """Send the text, cancel it, or ask an agent. Returns None if the text is gone or not due."""
    due_work.cancel(tx, Work.SEND_LATER, [command.text_id])
    found = scheduled_texts.find(tx.conn, command.text_id)
    if found is None:
        return None
    interaction = interactions.lock(tx.conn, found.interaction_id)
    text = scheduled_texts.find(tx.conn, command.text_id)  # read again, now that the row is locked
    if text is None or text.send_at > tx.now:
        return None
    opted_out = bool(consents.opted_out_of(tx.conn, [interaction.id]))
    then = at_due(text.question, opted_out=opted_out)
    if then is AtDue.CANCEL:
        sentence = "A scheduled text was canceled, because the requester has opted out"
        cancel_scheduled(tx, interaction, sentence, texts=[text])
        notify_assigned(tx, interaction, sentence)
    elif then is AtDue.SEND:
        scheduled_texts.drop(tx, [text.id])
        uploads.hand_over(tx, text.agent.id, text.media)
        send_parts(
            tx,
            interaction,
            text.body,
            agent_id=text.agent.id,
            media=tuple(text.media),
            event=Event.PROACTIVE,
        )
    else:
        assert text.question is not None
        sentence = f"A scheduled text waits for you, because {WAITS[text.question]}"
        notify_assigned(tx, interaction, sentence)
        conversation_hints.notify(tx, [interaction.id])
    return then


def _owned(interaction: InteractionRow) -> InteractionRow:
    if interaction.owner is not Owner.AGENT:
        raise Conflict(phrase("No live agent has this conversation. Take it over first."))
    return interaction


def _add_message(
    tx: Transaction, interaction: InteractionRow, agent_id: int, did: str, body: str
) -> None:
    messages.append_line(
        tx,
        interaction,
        f"{agent_name(tx.conn, agent_id)} {did}",
        event=Event.SCHEDULED,
        reason=body or PICTURES,
        agent_id=agent_id,
    )


async def when_due(job: Job) -> None:
    then = await job.write(send_due, SendDue(int(job.key)))
    log.info("scheduled_text_due", text=job.key, then=str(then or "nothing"))
