"""A live agent writes to an interaction's requester, or adds a private note."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from handoff_service.operations.consent.change_consent import must_allow
from handoff_service.operations.routing.assign import assign_agent
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.cancel_work_item import cancel_work_item
from handoff_service.operations.shared.message_text import checked_sms, checked_text
from handoff_service.operations.shared.new_message import NewMessage
from handoff_service.operations.shared.participation import active, join, lock_for, see_notice
from handoff_service.rules.conversations.mentions import mentioned_agents
from handoff_service.rules.delivery.sms_text import split
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, Owner
from handoff_service.store.conversations import colleague_notices, interactions, mentions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name, is_service
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """``media``: this agent's uploads for the text. With media, the text may be empty."""

    interaction_id: int
    agent_id: int
    body: str
    media: tuple[int, ...] = ()
    #: the delay of the text, in which the agent can still undo it
    undo_within: timedelta = timedelta(0)


def send_sms(tx: Transaction, command: Write) -> int:
    """Text the requester. Returns the id of the message, or of its first part if a long text is
    sent in parts.

    If a live agent owns the conversation, the writer joins the live group, and the assigned agent
    stays the same. If the virtual agent or a queue owns it, the writer takes it over first. A
    service token never becomes the owner, because then nobody would read the requester's answer.
    Raises BadInput for a wrong text. Raises Conflict for a closed conversation, and for a requester
    who cannot be texted.
    """
    body = checked_sms(command.body, may_be_empty=bool(command.media))
    interaction = active(interactions.lock(tx.conn, command.interaction_id))
    must_allow(tx.conn, interaction.requester_number, interaction.provider_number_id)
    if interaction.owner is not Owner.AGENT and not is_service(tx.conn, command.agent_id):
        interaction = take_over(tx, interaction, command.agent_id)
    join(tx, interaction, command.agent_id)
    see_notice(tx, interaction.id, command.agent_id)
    event = None if interactions.has_requesters_text(tx.conn, interaction.id) else Event.PROACTIVE
    return send_parts(
        tx,
        interaction,
        body,
        agent_id=command.agent_id,
        media=command.media,
        event=event,
        later=command.undo_within,
    )


def send_parts(
    tx: Transaction,
    interaction: InteractionRow,
    body: str,
    *,
    agent_id: int,
    media: tuple[int, ...] = (),
    event: Event | None = None,
    later: timedelta = timedelta(0),
) -> int:
    """Send an agent's text in as many parts as it needs. The caller has checked consent. Returns
    the first message's id. ``later``: the delay of the text. A text of several parts is not
    delayed, because each part ends the delay of the parts before it."""
    first, *others = split(body) or [body]
    by: dict[str, Any] = {"agent_id": agent_id, "event": event}
    delay = timedelta(0) if others else later
    message_id = messages.send_text(
        tx, interaction, first, Author.AGENT, media=media, later=delay, **by
    )
    assert message_id is not None  # must_allow has refused numbers that no text can reach
    for part in others:
        messages.send_text(tx, interactions.lock(tx.conn, interaction.id), part, Author.AGENT, **by)
    return message_id


def write_note(tx: Transaction, command: Write) -> int:
    """Add a private note, which the requester never sees. Agents whom it mentions get a notice.
    Returns the note's position in the conversation."""
    body = checked_text(command.body, most=10_000)
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    line = NewMessage(kind=Kind.NOTE, author=Author.AGENT, body=body, agent_id=command.agent_id)
    seq = messages.append(tx, interaction, line)
    if "@" in body:
        _mention(tx, interaction.id, seq, command.agent_id, body)
    return seq


def _mention(tx: Transaction, interaction_id: int, seq: int, agent_id: int, body: str) -> None:
    named = mentioned_agents(body, mentions.agents_to_name(tx.conn)) - {agent_id}
    if not named:
        return
    mentions.add_mentions(tx, interaction_id, seq, named)
    sentence = f"{agent_name(tx.conn, agent_id)} mentioned you in a note"
    for agent in named:
        colleague_notices.put(tx, agent, interaction_id, sentence)
        tx.hint(f"agent:{agent}", interaction_id)


def take_over(tx: Transaction, interaction: InteractionRow, agent_id: int) -> InteractionRow:
    """Assign a conversation that no live agent owns to this agent."""
    cancel_work_item(tx, interaction.id)
    return assign_agent(
        tx, interaction, agent_id, sentence=f"{agent_name(tx.conn, agent_id)} took over"
    )
