"""Promises of agents: store or cancel a reminder, remind the agent, and count kept promises.

Before the promised time, the agent who has the conversation gets a notice, unless the promise is
already kept. At the promised time, the promise counts as kept if a live agent has texted the
requester or noted a call since, and as missed if not. A promise outlives its conversation, because
the requester still expects the text.
"""

from dataclasses import dataclass
from datetime import datetime

from handoff_service import log
from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.shared import conversation_hints, messages
from handoff_service.operations.shared.future_times import in_the_future, in_words
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.message_text import checked_text
from handoff_service.operations.shared.participation import lock_for, notify_owner
from handoff_service.rules.conversations.promises import Promise, PromiseState, remind_at
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Event, Owner, Work
from handoff_service.store.conversations import colleague_notices, interactions, promises
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import due_work
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import KeptPromise


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePromise:
    """The promise in an agent's text (``message_id``), or a promise at the time ``promised_at``.
    ``remind_at`` None: a quarter of an hour before the promised time. If the promised time is
    within an hour, the reminder comes when a quarter of that time is left."""

    interaction_id: int
    agent_id: int
    message_id: int | None = None
    promised_at: datetime | None = None
    remind_at: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePromise:
    """An open promise that an agent cancels."""

    interaction_id: int
    promise_id: int
    agent_id: int


@dataclass(frozen=True, slots=True)
class PromiseDue:
    """The command to remind the agent of a promise, or to settle it."""

    promise_id: int


def store_promise(tx: Transaction, command: StorePromise) -> int:
    """Store the promise and return its id. Raises NotFound if the message is not an agent's text in
    this conversation, and Conflict if this text already has a reminder. Raises BadInput when
    neither the command nor the text names a time, when the promised time is not within the next
    year, and when the time of the reminder has passed or is not before the promised time."""
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    promise, made_at = _promise(tx, command)
    by = command.agent_id
    promise_id = promises.put(
        tx, interaction.id, by, promise, made_at=made_at, message_id=command.message_id
    )
    if promise_id is None:
        raise Conflict(phrase("This text already has a reminder."))
    did = f"promised to be in touch by {in_words(tx.conn, promise.at)}"
    _add_line(tx, interaction, f"{agent_name(tx.conn, by)} {did}", promise.words, by)
    notify_owner(tx, interaction, by, did)
    return promise_id


def decline_promise(tx: Transaction, command: StorePromise) -> None:
    """Record that the agent wants no reminder for this text, so that the page does not offer it
    again."""
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    promise, made_at = _promise(tx, command)
    promises.put(
        tx,
        interaction.id,
        command.agent_id,
        promise,
        made_at=made_at,
        message_id=command.message_id,
        state=PromiseState.DECLINED,
    )
    conversation_hints.notify(tx, [interaction.id])


def cancel_promise(tx: Transaction, command: OnePromise) -> None:
    """Cancel the promise, so that it counts as neither kept nor missed. Raises NotFound when it has
    ended."""
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    promise = promises.one(tx.conn, command.interaction_id, command.promise_id)
    promises.end(tx, promise.id, PromiseState.CANCELED)
    did = f"canceled the promise for {in_words(tx.conn, promise.promised_at)}"
    line = f"{agent_name(tx.conn, command.agent_id)} {did}"
    _add_line(tx, interaction, line, promise.words, command.agent_id)
    notify_owner(tx, interaction, command.agent_id, did)


def promise_due(tx: Transaction, command: PromiseDue) -> PromiseState | None:
    """Remind the agent, or settle the promise. Returns its new state, or None if the promise has
    already ended or is gone."""
    due_work.cancel(tx, Work.PROMISE, [command.promise_id])
    found = promises.find(tx.conn, command.promise_id)
    if found is None:
        return None
    interaction = interactions.lock(tx.conn, found.interaction_id)
    promise = promises.find(tx.conn, command.promise_id)  # read again, now that the row is locked
    if promise is None or promise.state is not PromiseState.OPEN:
        return None
    if tx.now < promise.promised_at:
        promises.schedule(tx, promise.id, max(promise.remind_at, tx.now))
        if tx.now >= promise.remind_at:
            promises.schedule(tx, promise.id, promise.promised_at)
            if not promise.kept:
                by = in_words(tx.conn, promise.promised_at)
                _notify(tx, interaction, promise, f"You promised to be in touch by {by}")
        return PromiseState.OPEN
    state = PromiseState.KEPT if promise.kept else PromiseState.MISSED
    promises.end(tx, promise.id, state)
    if state is PromiseState.MISSED:
        by = in_words(tx.conn, promise.promised_at)
        sentence = f"Promise missed: no agent was in touch by {by}"
        _add_line(tx, interaction, sentence, promise.words, None)
        _notify(tx, interaction, promise, f"You promised to be in touch by {by}, but nobody was")
    else:
        conversation_hints.notify(tx, [interaction.id])
    return state


def _promise(tx: Transaction, command: StorePromise) -> tuple[Promise, datetime]:
    """The promise, and the time when the agent made it."""
    made_at, words, at = tx.now, command.words, command.promised_at
    if command.message_id is not None:
        text = promises.text_of(tx.conn, command.interaction_id, command.message_id)
        found = promises.in_text(tx.conn, command.interaction_id, text)
        if found is None and at is None:
            raise BadInput(
                errors={"promised_at": phrase("is required, because the text names no time")}
            )
        made_at, words = text.created_at, (found.words if found else text.body)
        at = at if at is not None or found is None else found.at
    elif at is None:
        raise BadInput(errors={"promised_at": phrase("is required without message_id")})
    words = checked_text(words, most=1600, may_be_empty=True)
    assert at is not None
    at = in_the_future(at, tx.now, "promised_at")
    if command.remind_at is None:
        remind = max(remind_at(made_at, at), tx.now)
    else:
        remind = in_the_future(command.remind_at, tx.now, "remind_at")
    if remind >= at:
        raise BadInput(errors={"remind_at": phrase("must be before promised_at")})
    return Promise(words=words, at=at, remind_at=remind), made_at


def _notify(
    tx: Transaction, interaction: InteractionRow, promise: KeptPromise, sentence: str
) -> None:
    """Notify the agent who has the conversation. If nobody has it, notify the agent who made the
    promise."""
    owned = interaction.owner is Owner.AGENT and interaction.assigned_to is not None
    agent = interaction.assigned_to if owned else promise.agent.id
    assert agent is not None
    colleague_notices.put(tx, agent, interaction.id, sentence)
    tx.hint(f"agent:{agent}", interaction.id)
    conversation_hints.notify(tx, [interaction.id])


def _add_line(
    tx: Transaction, interaction: InteractionRow, sentence: str, words: str, agent_id: int | None
) -> None:
    messages.append_line(
        tx, interaction, sentence, event=Event.PROMISE, reason=words or None, agent_id=agent_id
    )


async def when_due(job: Job) -> None:
    state = await job.write(promise_due, PromiseDue(int(job.key)))
    if state in (PromiseState.KEPT, PromiseState.MISSED):
        job.deps.metrics.promises.labels(state).inc()
    log.info("promise_due", promise=job.key, state=str(state or "ended"))
