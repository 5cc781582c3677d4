"""A live agent joins an interaction's live group without writing, or leaves it. The conversation
shows this to agents."""

from dataclasses import dataclass

from handoff_service.errors import Conflict
from handoff_service.operations.shared.participation import active, join, notify_group
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.conversations import interactions, live_group
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    interaction_id: int
    agent_id: int


def join_group(tx: Transaction, command: Member) -> None:
    """Join the group. The assigned agent does not change, and existing messages count as read.
    Joining again changes nothing.

    Raises Conflict when the conversation is closed, and when no live agent owns it. In the second
    case there is no group to join, and the agent can take the conversation over instead.
    """
    interaction = active(interactions.lock(tx.conn, command.interaction_id))
    if interaction.owner is not Owner.AGENT:
        raise Conflict(phrase("No live agent has this conversation yet. Take it over instead."))
    join(tx, interaction, command.agent_id)


def leave_group(tx: Transaction, command: Member) -> None:
    """Leave the group. Does nothing for an agent outside the group. Raises Conflict when the
    conversation is closed, and for the assigned agent, who must transfer the conversation
    instead."""
    interaction = active(interactions.lock(tx.conn, command.interaction_id))
    if interaction.owner is Owner.AGENT and interaction.assigned_to == command.agent_id:
        raise Conflict(
            phrase("This conversation is assigned to you. Transfer it before you leave.")
        )
    if not live_group.has(tx.conn, interaction.id, command.agent_id):
        return
    live_group.leave(tx, interaction.id, command.agent_id)
    notify_group(tx, interaction, command.agent_id, "left")
