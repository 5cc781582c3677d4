"""A live agent writes to the requester of an interaction, or a private note."""

from dataclasses import dataclass
from typing import Any

from handoff_service.errors import BadInput
from handoff_service.operations import say
from handoff_service.operations.assign import give
from handoff_service.operations.change_consent import must_allow
from handoff_service.operations.change_interaction import active
from handoff_service.operations.stop_waiting import stop_waiting
from handoff_service.operations.take_part import join, lock_for
from handoff_service.rules.sms_characters import is_visible, nothing_visible
from handoff_service.rules.sms_text import LONGEST, split
from handoff_service.rules.vocabulary import Author, Event, Kind, Owner
from handoff_service.store import interactions, people
from handoff_service.store.interactions import Interaction
from handoff_service.store.lanes import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """``media``: uploads of this agent that go with the text, which may then be empty."""

    interaction_id: int
    agent_id: int
    body: str
    media: tuple[int, ...] = ()


def send_sms(tx: Transaction, command: Write) -> int:
    """Text the requester. Returns the message's id, the first one's where a long text goes out in parts.

    When a live agent owns the conversation, the writer joins the live group, where its owner sees that, and nothing is
    reassigned. When the virtual agent or a queue owns it, the writer takes it over first, because only the owner
    speaks. Conflict for a requester who has opted out.
    """
    body = checked_text(command.body, may_be_empty=bool(command.media))
    interaction = active(interactions.lock(tx.conn, command.interaction_id))
    must_allow(tx.conn, interaction.requester_number, interaction.provider_number_id)
    if interaction.owner is not Owner.AGENT:
        interaction = _take_over(tx, interaction, command.agent_id)
    join(tx, interaction, command.agent_id)
    event = None if interactions.has_requesters_text(tx.conn, interaction.id) else Event.UNASKED
    first, *others = split(body) or [body]
    by: dict[str, Any] = {"agent_id": command.agent_id, "event": event}
    message_id = say.text(tx, interaction, first, Author.AGENT, media=command.media, **by)
    for part in others:
        say.text(tx, interactions.lock(tx.conn, interaction.id), part, Author.AGENT, **by)
    return message_id


def write_note(tx: Transaction, command: Write) -> int:
    """A private note: live agents see it, the requester never does. Returns its place in the conversation."""
    body = checked_text(command.body, most=10_000)
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    line = say.Line(kind=Kind.NOTE, author=Author.AGENT, body=body, agent_id=command.agent_id)
    return say.append(tx, interaction, line)


def _take_over(tx: Transaction, interaction: Interaction, agent_id: int) -> Interaction:
    stop_waiting(tx, interaction.id)
    return give(tx, interaction, agent_id, said=f"{people.agent_name(tx.conn, agent_id)} took over")


def checked_text(body: str, *, most: int = LONGEST, may_be_empty: bool = False, field: str = "body") -> str:
    """The text without space around it. BadInput names the field when it is empty, too long or cannot be stored."""
    text = body.strip() if is_visible(body) else ""
    if not text and not may_be_empty:
        raise BadInput(errors={field: nothing_visible(body)})
    if len(text) > most:
        raise BadInput(errors={field: f"must be at most {most} characters; it has {len(text)}"})
    if "\0" in text:
        raise BadInput(errors={field: "must not hold a NUL character"})
    return text
