"""Participation: an agent who acts on a colleague's conversation joins it first.

Every operation that an agent requests on one conversation locks it with ``lock_for``. Exceptions:
texting, which joins automatically (``join``), reading, supervisors' actions (assign, take over),
and changing a case by its own number, as a ticket system does. A case belongs to the desk, and its
conversation gets a line that names who changed it.
"""

from handoff_service.errors import Conflict, NotAllowed
from handoff_service.operations.shared import messages
from handoff_service.rules.shared.vocabulary import Author, Event, Kind, Owner
from handoff_service.store.conversations import interactions, live_group
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine.lanes import Transaction


class NotTakingPart(NotAllowed):
    """You take no part in this conversation."""


def lock_for(tx: Transaction, interaction_id: int, agent_id: int) -> InteractionRow:
    """Return the interaction, locked for this agent's action. Raises NotFound for an unknown id,
    and NotTakingPart when another live agent owns it and this agent has not joined."""
    interaction = interactions.lock(tx.conn, interaction_id)
    must_take_part(tx, interaction, agent_id)
    return interaction


def must_take_part(tx: Transaction, interaction: InteractionRow, agent_id: int) -> None:
    """NotTakingPart when another live agent owns a locked interaction and this agent has not
    joined. Interactions owned by a queue, the virtual agent or nobody are open to every live
    agent."""
    if interaction.owner is not Owner.AGENT or interaction.assigned_to in (None, agent_id):
        return
    if not live_group.has(tx.conn, interaction.id, agent_id):
        owner = agent_name(tx.conn, interaction.assigned_to)
        raise NotTakingPart(f"{owner} has this conversation. Join it first.")


def join(tx: Transaction, interaction: InteractionRow, agent_id: int) -> None:
    """Add the agent to the live group of a locked interaction. The owner and the group get a hint
    and a line about it. Does nothing for a member."""
    if live_group.has(tx.conn, interaction.id, agent_id):
        return
    live_group.join(tx, interaction.id, agent_id, interaction.last_seq)
    notify_group(tx, interaction, agent_id, "joined")


def notify_group(tx: Transaction, interaction: InteractionRow, agent_id: int, did: str) -> None:
    """Add the line about an agent who joined or left."""
    sentence = f"{agent_name(tx.conn, agent_id)} {did}"
    line = messages.NewLine(
        kind=Kind.SYSTEM,
        author=Author.SYSTEM,
        body=sentence,
        event=Event.LIVE_GROUP,
        agent_id=agent_id,
    )
    messages.append(tx, interaction, line)


def active(interaction: InteractionRow) -> InteractionRow:
    """The interaction, or Conflict when it is closed."""
    if not interaction.active:
        raise Conflict(
            f"{interactions.number(interaction.id)} is closed. Start a new conversation instead."
        )
    return interaction
