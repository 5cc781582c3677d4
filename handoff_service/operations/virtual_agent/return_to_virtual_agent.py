"""Return a conversation to the virtual agent. Either a live agent returns it with an outcome, or a
waiting requester asks for it.

The metadata of the next turn (``handed_back`` and ``before``) contains the outcome, so the bot
knows what the agent has done. Call ``open_turn`` to make the bot send a text immediately.
"""

from dataclasses import dataclass

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.shared import change_owner, messages
from handoff_service.operations.shared.cancel_work_item import cancel_work_item
from handoff_service.operations.shared.message_text import checked_text
from handoff_service.operations.shared.participation import active, lock_for, notify_owner
from handoff_service.rules.conversations import states
from handoff_service.rules.conversations.states import Transition
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, Owner
from handoff_service.store.conversations import interactions, live_group
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import texts
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.desk.provider_numbers import why_unanswerable
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent.spoken_language import spoken_language

LONGEST_OUTCOME = 200
BY_REQUESTER = "The requester went back to the virtual agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnToBot:
    """``outcome``: the agent's description of what was done."""

    interaction_id: int
    agent_id: int
    outcome: str


def return_to_bot(tx: Transaction, command: ReturnToBot) -> None:
    """Return the conversation to the virtual agent, which answers from the next text on. Raises
    BadInput for an invalid outcome. Raises Conflict when the desk has no virtual agent, when the
    conversation is closed or the virtual agent already owns it, and when no text can reach the
    requester."""
    if not command.outcome.strip():
        raise BadInput(errors={"outcome": phrase("must not be empty: describe what was done")})
    outcome = checked_text(command.outcome, most=LONGEST_OUTCOME)
    interaction = active(lock_for(tx, command.interaction_id, command.agent_id))
    if not tx.settings.bot_answers:
        raise Conflict(phrase("There is no virtual agent on this desk."))
    if interaction.owner is Owner.VIRTUAL_AGENT:
        raise Conflict(phrase("The virtual agent already has this conversation."))
    if why := why_unanswerable(tx.conn, interaction.requester_number):
        raise Conflict(why)
    did = "handed this back to the virtual agent"
    sentence = f"{agent_name(tx.conn, command.agent_id)} {did}"
    return_to_virtual_agent(
        tx, interaction, sentence=sentence, outcome=outcome, agent_id=command.agent_id
    )
    notify_owner(tx, interaction, command.agent_id, did, taken=True)


def return_by_requester(tx: Transaction, interaction: InteractionRow) -> None:
    """Return the conversation of a waiting requester to the virtual agent, and text a
    confirmation."""
    changed = return_to_virtual_agent(tx, interaction, sentence=BY_REQUESTER, outcome=None)
    sentence = texts.back_with_bot(tx.conn, spoken_language(tx.conn, interaction.id))
    messages.send_text(tx, changed, sentence, Author.SYSTEM)


def return_to_virtual_agent(
    tx: Transaction,
    interaction: InteractionRow,
    *,
    sentence: str,
    outcome: str | None,
    agent_id: int | None = None,
) -> InteractionRow:
    """Make the virtual agent the owner of a locked, active interaction. ``outcome``: the agent's
    description of what was done, if any. ``agent_id``: the agent who returns the interaction, if
    any. Returns the changed interaction."""
    cancel_work_item(tx, interaction.id)
    interactions.put_state(
        tx.conn, interaction.id, states.TRANSITIONS[interaction.state][Transition.HANDED_BACK]
    )
    changed = change_owner.change_owner(
        tx,
        interaction,
        owner=Owner.VIRTUAL_AGENT,
        sentence=sentence,
        reason=outcome,
        agent_id=agent_id,
    )
    if interaction.owner is Owner.AGENT and interaction.assigned_to is not None:
        live_group.leave(tx, interaction.id, interaction.assigned_to)
    return changed
