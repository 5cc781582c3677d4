"""Determines who replies to the requester. The composer shows this to the agent."""

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.views import (
    Interaction,
)


def colleague(interaction: Interaction, agent_id: int) -> str | None:
    """Return the name of the other agent who owns the conversation, or None if no other agent owns
    it."""
    owner = interaction.owner
    return owner.name if owner.kind is Owner.AGENT and owner.id != agent_id else None


def must_join(interaction: Interaction, agent_id: int) -> bool:
    """Return whether another agent owns the conversation and this agent has not joined it. In that
    case, the page asks for confirmation before every action.
    """
    members = {agent.id for agent in interaction.live_group}
    return colleague(interaction, agent_id) is not None and agent_id not in members


def answers(interaction: Interaction, agent_id: int) -> tuple[str, str]:
    """Return two sentences for the composer. The first says who replies to the requester. The
    second says what changes when this agent sends a text; empty if nothing changes."""
    if interaction.unanswerable and interaction.owner.kind is not Owner.AGENT:
        return phrase("Nobody can answer."), ""
    match interaction.owner.kind:
        case Owner.AGENT if interaction.assigned_to and interaction.assigned_to.id == agent_id:
            return phrase("You are replying."), ""
        case Owner.AGENT:
            sending = (
                phrase("Sending adds you to the conversation.")
                if must_join(interaction, agent_id)
                else ""
            )
            return phrase("{name} is replying.", name=interaction.owner.name), sending
        case Owner.QUEUE:
            return phrase("Waiting in {name}.", name=interaction.owner.name), phrase(
                "Sending takes the conversation over from the queue."
            )
        case Owner.VIRTUAL_AGENT:
            return phrase("The virtual agent is replying."), phrase(
                "Sending takes the conversation over from the virtual agent."
            )
    return phrase("Nobody is replying."), ""
