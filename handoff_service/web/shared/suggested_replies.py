"""Suggests replies to the agent who answers a conversation."""

from handoff_service.context import AppContext
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.rules.training.suggested_replies import SuggestedReply
from handoff_service.store.views import Interaction


async def suggest(
    desk: AppContext, interaction: Interaction, agent_id: int
) -> list[SuggestedReply]:
    """Return suggested replies from solved conversations. The list is empty unless the conversation
    is assigned to this agent and the requester has not opted out."""
    mine = interaction.assigned_to is not None and interaction.assigned_to.id == agent_id
    if interaction.owner.kind is not Owner.AGENT or not mine or interaction.opted_out:
        return []
    user = interaction.user
    return await desk.replies.suggest(interaction.id, first_name(user.name) if user else None)
