"""A live agent closes a conversation, changes it, or marks it as read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.conversations import end_holds
from handoff_service.operations.conversations.change_attributes import (
    check_required,
    put_attributes,
)
from handoff_service.operations.conversations.label_conversation import put_topic
from handoff_service.operations.shared import conversation_hints, messages
from handoff_service.operations.shared.end_interaction import end_interaction
from handoff_service.operations.shared.future_times import in_the_future, in_words
from handoff_service.operations.shared.participation import active, lock_for, notify_owner
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.rules.conversations.states import AGENT_TRANSITIONS, next_state
from handoff_service.rules.delivery.sms_characters import is_visible
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import CLOSED, Author, Event, State
from handoff_service.store.conversations import interactions, live_group
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.desk.texts import closing_line
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent.spoken_language import spoken_language

DID = {State.ON_HOLD: "put this on hold", State.WORK_IN_PROGRESS: "took this off hold"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseInteraction:
    """Close a conversation, with or without a text to the requester."""

    interaction_id: int
    agent_id: int
    state: State = State.CLOSED_COMPLETE
    short_description: str | None = None
    #: None: the desk's default text. Empty: no text.
    closing_text: str | None = None
    #: The label of the topic that the conversation was about.
    topic_id: int | None = None
    #: Attributes to set before closing: key -> value. None removes the attribute.
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    #: The delay of the closing text, in which the agent can still undo closing.
    undo_within: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeInteraction:
    """A field that is None keeps its value."""

    interaction_id: int
    agent_id: int
    #: Work in progress or on hold. Closing is a separate operation.
    state: State | None = None
    #: The reason for the state. A new state removes the old reason.
    state_reason: str | None = None
    #: When the hold ends automatically. Allowed only with the state on hold.
    hold_until: datetime | None = None
    short_description: str | None = None
    priority: int | None = None
    #: Attributes to set: key -> value. None removes the attribute. Others keep their values.
    attributes: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInteraction:
    """``up_to``: the position of the last message that was read; None: the newest message."""

    interaction_id: int
    agent_id: int
    up_to: int | None = None


def close_interaction(tx: Transaction, command: CloseInteraction) -> None:
    """Close the conversation: send the closing text, clear the owner, and cancel offers, timers and
    scheduled texts. Raises BadInput for wrong or missing values, and Conflict when the conversation
    is already closed."""
    interaction = active(lock_for(tx, command.interaction_id, command.agent_id))
    if command.state not in CLOSED:
        raise BadInput(errors={"state": phrase("must be closed_complete or closed_abandoned")})
    put_attributes(tx, interaction, command.agent_id, command.attributes)
    check_required(tx, interaction.id)
    put_topic(tx, interaction, command.agent_id, command.topic_id)
    name = agent_name(tx.conn, command.agent_id)
    closing = (
        closing_line(tx.conn, name, spoken_language(tx.conn, interaction.id))
        if command.closing_text is None
        else command.closing_text.strip()
    )
    if is_visible(closing):
        messages.send_text(
            tx,
            interaction,
            closing,
            Author.SYSTEM,
            agent_id=command.agent_id,
            later=command.undo_within,
        )
    end_interaction(
        tx,
        interaction,
        command.state,
        sentence=f"{name} closed this conversation",
        described=command.short_description,
        agent_id=command.agent_id,
    )
    notify_owner(tx, interaction, command.agent_id, "closed this conversation", taken=True)


def change_interaction(tx: Transaction, command: ChangeInteraction) -> None:
    """Change the state, description, priority or attributes. A conversation on hold does not count
    toward its agent's capacity. Agents see who put it on hold and why. Raises BadInput for a wrong
    value. Raises Conflict for a closed conversation, and for a state that cannot follow the present
    one."""
    interaction = active(lock_for(tx, command.interaction_id, command.agent_id))
    if command.state not in (None, State.WORK_IN_PROGRESS, State.ON_HOLD):
        raise BadInput(
            errors={"state": phrase("must be work_in_progress or on_hold; close it to end it")}
        )
    state = (
        next_state(interaction.state, AGENT_TRANSITIONS[command.state]) if command.state else None
    )
    if command.state and state is None:
        raise Conflict(
            phrase(
                "A conversation that no agent has accepted cannot be put on hold. Accept "
                "it or take it over first."
            )
        )
    until = _checked_end(tx, command)
    changed = put_attributes(tx, interaction, command.agent_id, command.attributes)
    values = {
        "state_reason": command.state_reason,
        "short_description": command.short_description,
        "priority": command.priority,
    }
    values = {name: value for name, value in values.items() if value is not None}
    if state is not None:
        interactions.put_state(tx.conn, interaction.id, state, hold_until=until)
        end_holds.schedule(tx, interaction.id, until)
    if values:
        _record_details(tx, interaction, command)
        tx.conn.execute(
            update(t.interactions).where(t.interactions.c.id == interaction.id).values(**values)
        )
    if state is not None and (
        state is not interaction.state
        or (state is State.ON_HOLD and (command.state_reason or until))
    ):
        did = DID[state] + (f" until {in_words(tx.conn, until)}" if until else "")
        sentence = f"{agent_name(tx.conn, command.agent_id)} {did}"
        messages.append_line(
            tx,
            interaction,
            sentence,
            event=Event.STATE,
            reason=command.state_reason,
            agent_id=command.agent_id,
        )
        notify_owner(tx, interaction, command.agent_id, did)
    elif values or changed:
        conversation_hints.notify(tx, [interaction.id])
    if state is not None or values:
        schedule_offers(tx)


def _record_details(
    tx: Transaction, interaction: InteractionRow, command: ChangeInteraction
) -> None:
    """Add a line for a new priority and one for a new short description."""
    c = t.interactions.c
    priority = tx.conn.scalar(select(c.priority).where(c.id == interaction.id))
    did = []
    if command.priority not in (None, priority):
        did.append(f"changed the priority from {priority} to {command.priority}")
    if command.short_description not in (None, interaction.short_description):
        did.append("changed the short description")
    for what in did:
        messages.append_line(
            tx,
            interaction,
            f"{agent_name(tx.conn, command.agent_id)} {what}",
            agent_id=command.agent_id,
        )


def _checked_end(tx: Transaction, command: ChangeInteraction) -> datetime | None:
    if command.hold_until is None:
        return None
    if command.state is not State.ON_HOLD:
        raise BadInput(errors={"hold_until": phrase("is allowed only with state on_hold")})
    return in_the_future(command.hold_until, tx.now, "hold_until")


def read_interaction(tx: Transaction, command: ReadInteraction) -> None:
    """Record that the agent has read the conversation up to a position, which may clear the
    new-message mark. Changes nothing for an agent who is neither in the live group nor assigned."""
    last = interactions.lock(tx.conn, command.interaction_id).last_seq
    # later messages stay unread
    up_to = last if command.up_to is None else min(command.up_to, last)
    read = live_group.read_up_to(tx, command.interaction_id, command.agent_id, up_to)
    if live_group.read_thanks(tx, command.interaction_id, command.agent_id, up_to) or read:
        tx.hint(f"agent:{command.agent_id}", command.interaction_id)
