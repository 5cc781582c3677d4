"""A live agent joins an interaction's live group without writing in it, or leaves it again. Agents see both."""

from dataclasses import dataclass

from handoff_service.errors import Conflict
from handoff_service.operations import say
from handoff_service.operations.change_interaction import active
from handoff_service.rules.vocabulary import Author, Event, Kind, Owner
from handoff_service.store import conversations, interactions, live_group, people
from handoff_service.store.interactions import Interaction
from handoff_service.store.lanes import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    interaction_id: int
    agent_id: int


def join_group(tx: Transaction, command: Member) -> None:
    """Take part; nothing is reassigned, and a member already is left as they are. What is there counts as read.

    Conflict when no live agent has it: then there is no group to join, and whoever wants it takes it over.
    """
    interaction = active(interactions.lock(tx.conn, command.interaction_id))
    if interaction.owner is not Owner.AGENT:
        raise Conflict("No live agent has this conversation yet, so there is nobody to join. Take it over instead.")
    if _is_member(tx, command):
        return
    live_group.join(tx, interaction.id, command.agent_id, interaction.last_seq)
    _say(tx, interaction, command, "joined")


def leave_group(tx: Transaction, command: Member) -> None:
    """Take part no longer. Conflict for the assigned agent, who transfers it instead."""
    interaction = active(interactions.lock(tx.conn, command.interaction_id))
    if interaction.owner is Owner.AGENT and interaction.assigned_to == command.agent_id:
        raise Conflict("This conversation is assigned to you. Transfer it, so that somebody has it.")
    if not _is_member(tx, command):
        return
    live_group.leave(tx, interaction.id, command.agent_id)
    _say(tx, interaction, command, "left")


def _is_member(tx: Transaction, command: Member) -> bool:
    return conversations.read_seq(tx.conn, command.interaction_id, command.agent_id) is not None


def _say(tx: Transaction, interaction: Interaction, command: Member, did: str) -> None:
    said = f"{people.agent_name(tx.conn, command.agent_id)} {did}"
    line = say.Line(
        kind=Kind.SYSTEM, author=Author.SYSTEM, body=said, event=Event.LIVE_GROUP, agent_id=command.agent_id
    )
    say.append(tx, interaction, line)
