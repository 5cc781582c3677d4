"""A live agent joins an interaction's live group without writing in it, or leaves it again. Agents see both."""

from dataclasses import dataclass

from handoff_service.errors import Conflict
from handoff_service.operations.shared.participation import active, join, notify_group
from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.conversations import interactions, live_group
from handoff_service.store.engine.lanes import Transaction


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
        raise Conflict("No live agent has this conversation yet. Take it over instead.")
    join(tx, interaction, command.agent_id)


def leave_group(tx: Transaction, command: Member) -> None:
    """Take part no longer. Conflict for the assigned agent, who transfers it instead."""
    interaction = active(interactions.lock(tx.conn, command.interaction_id))
    if interaction.owner is Owner.AGENT and interaction.assigned_to == command.agent_id:
        raise Conflict("This conversation is assigned to you. Transfer it before you leave.")
    if not live_group.has(tx.conn, interaction.id, command.agent_id):
        return
    live_group.leave(tx, interaction.id, command.agent_id)
    notify_group(tx, interaction, command.agent_id, "left")
