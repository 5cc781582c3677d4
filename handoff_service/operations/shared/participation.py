"""Participation: an agent who acts on a colleague's conversation joins its live group, and the
colleague gets a notice.

Most operations that an agent requests on one conversation lock it with ``lock_for``, which adds the
agent to the live group of a colleague's conversation. Operations that need another order of steps,
such as ``send_sms``, call ``join`` or ``take_part`` instead. An agent does not join by reading a
conversation, by a supervisor's action (assign, take over), or by changing a case by its own number,
as a ticket system does. A case belongs to the desk, and its open conversation gets a line that
names the agent who changed it.

Most operations that change more than the texts and notes of the conversation also send a notice to
the owner (``notify_owner``). ``lock_for`` removes the acting agent's own notice about the
conversation, because an agent who acts on a conversation sees it.
"""

from handoff_service.errors import Conflict
from handoff_service.operations.shared import messages
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Event, Owner
from handoff_service.store.conversations import colleague_notices, interactions, live_group
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk.agents import agent_name, is_service
from handoff_service.store.engine.transaction import Transaction


def lock_for(tx: Transaction, interaction_id: int, agent_id: int) -> InteractionRow:
    """Lock the interaction for an agent's action, add the agent to the live group if necessary, and
    return it. Raises NotFound for an unknown id."""
    interaction = interactions.lock(tx.conn, interaction_id)
    take_part(tx, interaction, agent_id)
    see_notice(tx, interaction_id, agent_id)
    return interaction


def take_part(tx: Transaction, interaction: InteractionRow, agent_id: int) -> None:
    """Add an agent who acts on a colleague's locked interaction to its live group. An agent can act
    on an interaction that no live agent owns without joining it."""
    if owner_before(interaction, agent_id) is not None:
        join(tx, interaction, agent_id)


def owner_before(interaction: InteractionRow, agent_id: int) -> int | None:
    """The colleague who owns the conversation. None if this agent or no live agent owns it."""
    if interaction.owner is not Owner.AGENT or interaction.assigned_to == agent_id:
        return None
    return interaction.assigned_to


def notify_owner(
    tx: Transaction, interaction: InteractionRow, agent_id: int, did: str, *, taken: bool = False
) -> None:
    """Send a notice about an agent's action to the colleague who owned the interaction before the
    action. ``did``: the action, such as "closed this conversation". ``taken``: whether the
    colleague no longer has the conversation.
    """
    owner = owner_before(interaction, agent_id)
    if owner is None:
        return
    whose = "It was your conversation" if taken else "This is your conversation"
    notice = f"{agent_name(tx.conn, agent_id)} {did}. {whose}"
    colleague_notices.put(tx, owner, interaction.id, notice)
    tx.hint(f"agent:{owner}", interaction.id)


def notify_assigned(tx: Transaction, interaction: InteractionRow, sentence: str) -> None:
    """Send the live agent who owns the interaction a notice about a change that the service
    made."""
    if interaction.owner is Owner.AGENT and interaction.assigned_to is not None:
        colleague_notices.put(tx, interaction.assigned_to, interaction.id, sentence)
        tx.hint(f"agent:{interaction.assigned_to}", interaction.id)


def see_notice(tx: Transaction, interaction_id: int, agent_id: int) -> None:
    """Remove the agent's notice about the conversation. A repeated call changes nothing."""
    if colleague_notices.delete_notice(tx, agent_id, interaction_id):
        tx.hint(f"agent:{agent_id}")


def join(tx: Transaction, interaction: InteractionRow, agent_id: int) -> None:
    """Add the agent to the live group of a locked interaction, and add a line about it. Does
    nothing for a member of the group, and for a service token, because a live group consists of
    people."""
    if live_group.has(tx.conn, interaction.id, agent_id) or is_service(tx.conn, agent_id):
        return
    live_group.join(tx, interaction.id, agent_id, interaction.last_seq)
    notify_group(tx, interaction, agent_id, "joined")


def notify_group(tx: Transaction, interaction: InteractionRow, agent_id: int, did: str) -> None:
    """Add a line about an agent who has joined or left."""
    sentence = f"{agent_name(tx.conn, agent_id)} {did}"
    messages.append_line(tx, interaction, sentence, event=Event.LIVE_GROUP, agent_id=agent_id)


def active(interaction: InteractionRow) -> InteractionRow:
    """Return the interaction. Raises Conflict when it is closed."""
    if not interaction.active:
        raise Conflict(
            phrase(
                "{number} is closed. Start a new conversation instead.",
                number=interactions.number(interaction.id),
            )
        )
    return interaction
