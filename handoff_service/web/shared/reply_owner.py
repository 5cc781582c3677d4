"""Who replies to the requester, as the composer tells the agent."""

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.store.views import (
    Interaction,
)


def colleague(interaction: Interaction, agent_id: int) -> str | None:
    """Return the name of the colleague who has the conversation. None if the agent has it, or no
    live agent does."""
    owner = interaction.owner
    return owner.name if owner.kind is Owner.AGENT and owner.id != agent_id else None


def must_join(interaction: Interaction, agent_id: int) -> bool:
    """Return whether a colleague has the conversation and this agent has not joined. In that case,
    every action on the page asks for confirmation first.
    """
    members = {agent.id for agent in interaction.live_group}
    return colleague(interaction, agent_id) is not None and agent_id not in members


def answers(interaction: Interaction, agent_id: int) -> tuple[str, str]:
    """Return two sentences for the composer. The first one says who replies to the requester. The
    second one says who replies after this agent sends a text."""
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
                "Sending takes it over from the queue."
            )
        case Owner.VIRTUAL_AGENT:
            return phrase("The virtual agent is replying."), phrase(
                "Sending takes it over from the virtual agent."
            )
    return phrase("Nobody is replying."), ""
