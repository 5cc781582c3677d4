"""An agent starts a conversation, by table 3 of docs/product.md. ``preview_start.py`` shows the
effect before the agent sends the text."""

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from handoff_service.errors import Conflict
from handoff_service.operations.consent.change_consent import must_allow
from handoff_service.operations.conversations.preview_start import (
    LineToStart,
    Recipient,
    effect_in_words,
    load_line,
    row_of_line,
    user_of,
)
from handoff_service.operations.conversations.send_sms import Write, send_sms
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.end_interaction import end_interaction
from handoff_service.operations.shared.message_text import checked_sms
from handoff_service.rules.conversations import states
from handoff_service.rules.conversations.agent_initiated import TABLE, AgentWritesStep, Situation
from handoff_service.rules.conversations.states import Transition
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Event, Owner, State, Work
from handoff_service.store.consent import kept_opt_outs
from handoff_service.store.conversations import interactions, live_group
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name, is_service
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """``expected_row``: the row of table 3 that the agent saw in the preview. If another row
    applies now, nothing is sent."""

    agent_id: int
    recipient: Recipient
    body: str
    media: tuple[int, ...] = ()
    expected_row: Situation | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The interaction that got the text, its message, and the row of table 3 that applied."""

    interaction_id: int
    message_id: int
    row: Situation


def start_conversation(tx: Transaction, command: Start) -> Started:
    """Send the first text. Raises NotFound for an unknown user. Raises BadInput for an unusable
    number or text. Raises Conflict when another row of table 3 applies now, and for a requester who
    cannot be texted.

    If a service token starts a conversation, the conversation is closed at once, because no agent
    would read an answer in it. An answer then starts a new conversation like any other text. If the
    virtual agent has an open conversation, a service token's text is added to it and does not close
    it.
    """
    body = checked_sms(command.body, may_be_empty=bool(command.media))
    line = load_line(tx.conn, command.recipient)
    kept_opt_outs.apply_again(tx, [command.recipient.to])
    must_allow(tx.conn, command.recipient.to, line.provider_id)
    row = row_of_line(line, command.recipient)
    if command.expected_row not in (None, row):
        now = effect_in_words(tx.conn, line, row, command.recipient, command.agent_id)
        raise Conflict(
            phrase(
                "Not sent, because this conversation has changed. Sending now does this: {now}",
                now=now,
            )
        )
    is_program = is_service(tx.conn, command.agent_id)
    stays = is_program and row is Situation.ACTIVE_WITH_VIRTUAL_AGENT
    steps = () if stays else TABLE[row].steps
    interaction = line.active
    if interaction is not None and AgentWritesStep.CLOSE in steps:
        end_interaction(
            tx,
            interaction,
            State.CLOSED_COMPLETE,
            sentence="Closed: a live agent wrote first",
            reason=str(row),
        )
        interaction = None
    profile_id, user_id = _profile(
        tx, command.recipient, replace=AgentWritesStep.REPLACE_PROFILE in steps
    )
    is_new = interaction is None
    if interaction is None:
        interaction = _create(tx, command, line, profile_id, user_id)
    elif user_id is not None and interaction.user_id is None:
        tx.conn.execute(
            update(t.interactions)
            .where(t.interactions.c.id == interaction.id)
            .values(user_id=user_id)
        )
    write = Write(
        interaction_id=interaction.id, agent_id=command.agent_id, body=body, media=command.media
    )
    message_id = send_sms(tx, write)
    if is_program and is_new:
        sent = interactions.lock(tx.conn, interaction.id)
        sentence = f"Closed: {agent_name(tx.conn, command.agent_id)} expects no answer here"
        end_interaction(tx, sent, State.CLOSED_COMPLETE, sentence=sentence)
        due_work.cancel(tx, Work.ASK_SATISFACTION, [sent.id])
    return Started(interaction.id, message_id, row)


def _profile(tx: Transaction, recipient: Recipient, *, replace: bool) -> tuple[int, int | None]:
    """Return the ids of the number's profile and its user. The user is the one whom the agent
    named, or else the result of table 1 of docs/product.md."""
    p = t.messaging_profiles
    there = tx.conn.execute(
        select(p).where(p.c.number == recipient.to, p.c.active).with_for_update()
    ).one_or_none()
    user_id = user_of(tx.conn, recipient, there)
    if there is not None and (replace or there.user_id not in (None, user_id)):
        tx.conn.execute(update(p).where(p.c.id == there.id).values(active=False))
        there = None
    if there is None:
        made = insert(p).values(
            number=recipient.to, user_id=user_id, active=True, created_at=tx.now
        )
        return tx.conn.execute(made.returning(p.c.id)).scalar_one(), user_id
    if there.user_id is None and user_id is not None:
        tx.conn.execute(update(p).where(p.c.id == there.id).values(user_id=user_id))
    return there.id, user_id


def _create(
    tx: Transaction, command: Start, line: LineToStart, profile_id: int, user_id: int | None
) -> InteractionRow:
    interaction_id = tx.conn.execute(
        insert(t.interactions)
        .values(
            requester_number=command.recipient.to,
            provider_number_id=line.provider_id,
            profile_id=profile_id,
            user_id=user_id,
            state=states.TRANSITIONS[State.NEW][Transition.AGENT_TAKES],
            priority=3,
            owner=Owner.AGENT,
            epoch=1,
            assigned_to=command.agent_id,
            queue_id=line.queue_id,
            last_seq=0,
            opened_at=tx.now,
            last_message_at=tx.now,
        )
        .returning(t.interactions.c.id)
    ).scalar_one()
    made = interactions.lock(tx.conn, interaction_id)
    live_group.join(tx, made.id, command.agent_id, 0)
    sentence = f"{agent_name(tx.conn, command.agent_id)} wrote first"
    messages.append_line(tx, made, sentence, event=Event.OWNER_CHANGED)
    return made
