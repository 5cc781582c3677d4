"""An agent starts a conversation: table 3 of the product page. Preview and sending use the same
facts."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.consent.change_consent import must_allow
from handoff_service.operations.conversations.send_sms import Write, send_sms
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.end_interaction import end_interaction
from handoff_service.operations.shared.message_text import checked_sms
from handoff_service.rules.conversations import states
from handoff_service.rules.conversations.agent_initiated import (
    OF_PROGRAM,
    TABLE,
    AgentWritesStep,
    LineFacts,
    Situation,
    effect,
    situation,
)
from handoff_service.rules.conversations.states import Transition
from handoff_service.rules.identity import profile_matching
from handoff_service.rules.identity.profile_matching import NumberFacts
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Event, Owner, State, Work
from handoff_service.store.consent import consents, kept_opt_outs
from handoff_service.store.conversations import interactions, live_group
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name, is_service
from handoff_service.store.desk.provider_numbers import why_unanswerable
from handoff_service.store.desk.users import active_user_name
from handoff_service.store.engine import due_work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import OptedOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The recipient: a number in E.164, the company number to send from, and the person, when one
    is named."""

    to: str
    provider_number: str
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """``expected_row`` is the row of table 3 that the agent saw. If another row applies now,
    nothing is sent."""

    agent_id: int
    recipient: Recipient
    body: str
    media: tuple[int, ...] = ()
    expected_row: Situation | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The interaction that got the text, its message, and the row of table 3 that was applied."""

    interaction_id: int
    message_id: int
    row: Situation


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of sending: the row, its sentence, and the active interaction's id, if any.

    ``opted_out``: why sending would be refused; ``unanswerable``: why no text can reach the number.
    """

    row: Situation
    effect: str
    interaction_id: int | None
    opted_out: OptedOut | None
    unanswerable: str | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    provider_id: int
    queue_id: int
    active: InteractionRow | None


def preview(conn: Connection, recipient: Recipient, agent_id: int) -> Preview:
    """Look up the row of table 3 that would apply, in words for this agent. Changes nothing."""
    line = _load(conn, recipient)
    row = _row(line, recipient)
    opted_out = consents.opted_out(conn, recipient.to, line.provider_id)
    active_id = line.active.id if line.active else None
    unanswerable = why_unanswerable(conn, recipient.to)
    refused = unanswerable or (opted_out.why if opted_out else None)
    effect = refused or _effect(conn, line, row, recipient, agent_id)
    return Preview(row, effect, active_id, opted_out, unanswerable)


def recipient_name(conn: Connection, recipient: Recipient) -> str | None:
    """The name of the person the first text would reach. None for a guest."""
    user_id = recipient_user(conn, recipient)
    return None if user_id is None else _user_name(conn, user_id)


def recipient_user(conn: Connection, recipient: Recipient) -> int | None:
    """The id of the person the first text would reach. None for a guest."""
    p = t.messaging_profiles
    profile = conn.execute(select(p).where(p.c.number == recipient.to, p.c.active)).one_or_none()
    user_id: int | None = _user_of(conn, recipient, profile)
    return user_id


def start_conversation(tx: Transaction, command: Start) -> Started:
    """Send the first text. Raises NotFound for an unknown user. Raises BadInput for unusable
    numbers and texts. Raises Conflict when another row applies now, and for a requester who has
    opted out.

    A service token's new conversation is closed at once, because no agent would read an answer in
    it. An answer then starts a new conversation, like any other text. An open conversation with the
    virtual agent stays open.
    """
    body = checked_sms(command.body, may_be_empty=bool(command.media))
    line = _load(tx.conn, command.recipient)
    kept_opt_outs.apply_again(tx, [command.recipient.to])
    must_allow(tx.conn, command.recipient.to, line.provider_id)
    row = _row(line, command.recipient)
    if command.expected_row not in (None, row):
        now = _effect(tx.conn, line, row, command.recipient, command.agent_id)
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


def _load(conn: Connection, recipient: Recipient) -> _Line:
    provider = conn.execute(
        select(*t.provider_numbers.c["id", "queue_id"]).where(
            t.provider_numbers.c.number == recipient.provider_number
        )
    ).one_or_none()
    if provider is None:
        raise BadInput(
            errors={
                "from": phrase(
                    "{provider_number} is not a company number",
                    provider_number=recipient.provider_number,
                )
            }
        )
    if recipient.user_id is not None:
        active_user_name(conn, recipient.user_id)
    found = interactions.lock_active(conn, [recipient.to])
    active = next((i for i in found if i.provider_number_id == provider.id), None)
    return _Line(provider.id, provider.queue_id, active)


def _row(line: _Line, recipient: Recipient) -> Situation:
    facts = LineFacts(owner=line.active.owner, user=line.active.user_id) if line.active else None
    return situation(facts, meant_for=recipient.user_id)


def _profile(tx: Transaction, recipient: Recipient, *, replace: bool) -> tuple[int, int | None]:
    """Return the number's profile and its user: the named person, or else the result of table 1."""
    p = t.messaging_profiles
    there = tx.conn.execute(
        select(p).where(p.c.number == recipient.to, p.c.active).with_for_update()
    ).one_or_none()
    user_id = _user_of(tx.conn, recipient, there)
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


def _user_of(conn: Connection, recipient: Recipient, profile: Row[Any] | None) -> int | None:
    """The named person, else the number's user by table 1."""
    if recipient.user_id is not None:
        return recipient.user_id
    users = select(t.user_numbers.c.user_id).where(t.user_numbers.c.number == recipient.to)
    match = profile_matching.match(
        NumberFacts(
            users=tuple(conn.execute(users.order_by(t.user_numbers.c.user_id)).scalars()),
            has_profile=profile is not None,
            profile_user=profile.user_id if profile else None,
            not_user=profile.not_user_id if profile else None,
        )
    )
    return match.user


def _create(
    tx: Transaction, command: Start, line: _Line, profile_id: int, user_id: int | None
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


def _effect(
    conn: Connection, line: _Line, row: Situation, recipient: Recipient, agent_id: int
) -> str:
    """The effect of sending, in one sentence for this agent."""
    active = line.active
    if is_service(conn, agent_id) and row is not Situation.ACTIVE_WITH_SOMEONE_ELSE:
        return OF_PROGRAM[active is None]
    taking_part = active is not None and live_group.has(conn, active.id, agent_id)
    in_charge = active is not None and active.assigned_to == agent_id
    owner = active.owner if active else None
    return phrase(
        effect(row, owner, taking_part=taking_part, in_charge=in_charge),
        owner=_owner_name(conn, active),
        person=_user_name(conn, active.user_id) if active else "",
        meant=_user_name(conn, recipient.user_id),
    )


def _user_name(conn: Connection, user_id: int | None) -> str:
    if user_id is None:
        return phrase("the guest")
    found = conn.execute(select(t.users.c.name).where(t.users.c.id == user_id)).scalar()
    if found is None:
        raise NotFound(phrase("There is no user {user_id}.", user_id=user_id))
    return found


def _owner_name(conn: Connection, active: InteractionRow | None) -> str:
    if active is None or active.assigned_to is None:
        return phrase("the queue")
    return agent_name(conn, active.assigned_to)
