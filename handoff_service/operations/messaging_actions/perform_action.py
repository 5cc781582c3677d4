"""Carry out one messaging action on one conversation."""

from dataclasses import replace

from handoff_service.operations.routing.hand_off import hand_off
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.end_interaction import end_interaction
from handoff_service.operations.shared.new_message import NewMessage, system_line
from handoff_service.operations.shared.schedule_offers import schedule_offers
from handoff_service.operations.virtual_agent.save_report import save_report, save_request
from handoff_service.rules.conversations.states import ACTION_TRANSITIONS, next_state
from handoff_service.rules.messaging_actions import messaging_actions as rules
from handoff_service.rules.messaging_actions.action_words import why
from handoff_service.rules.messaging_actions.messaging_actions import (
    DEFAULT_PROMPT,
    ActionPlaceholders,
    MessagingAction,
)
from handoff_service.rules.shared.vocabulary import CLOSED, Action, Author, Event, Owner, State
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent import bot_turns


def prompt_line(action: MessagingAction, who: ActionPlaceholders) -> NewMessage:
    prompt = rules.for_agents(action.text or DEFAULT_PROMPT[action.event], who)
    event = Event.ALARM if action.action is Action.ALERT_SUPERVISORS else Event.PROMPT
    return system_line(prompt, event=event)


def _prompt_requester(
    tx: Transaction, action: MessagingAction, interaction: InteractionRow, who: ActionPlaceholders
) -> None:
    """Text a prompt to the requester. Only this function texts prompts."""
    messages.send_text(
        tx,
        interaction,
        rules.for_requester(action.text or "", who),
        Author.SYSTEM,
        event=Event.PROACTIVE,
    )


def perform(
    tx: Transaction, action: MessagingAction, interaction: InteractionRow, who: ActionPlaceholders
) -> InteractionRow:
    """Carry out the action. Returns the changed interaction."""
    if action.action is Action.PROMPT_REQUESTER:
        _prompt_requester(tx, action, interaction, who)
    elif action.action is Action.REASSIGN:
        return _reassign(tx, interaction, f"“{action.name}”, {why(action, who.waiting)}")
    elif action.state is not None:
        return _set_state(tx, interaction, action, action.state, why(action, who.waiting))
    return interaction


def _reassign(tx: Transaction, interaction: InteractionRow, reason: str) -> InteractionRow:
    """Return the interaction to work assignment. If it is already in a queue, it stays there."""
    if interaction.owner is Owner.QUEUE:
        return interaction
    changed = hand_off(tx, interaction, reason, {})
    return replace(changed, assigned_to=None)


def _set_state(
    tx: Transaction, interaction: InteractionRow, action: MessagingAction, state: State, reason: str
) -> InteractionRow:
    if (
        state is interaction.state
        or next_state(interaction.state, ACTION_TRANSITIONS[state]) is not state
    ):
        return interaction
    words = state.replace("_", " ")
    if state in CLOSED:
        # the virtual agent may still have been asking, so save what it has collected
        if interaction.owner is Owner.VIRTUAL_AGENT:
            known = bot_turns.collected(tx.conn, interaction.id)
            save_report(tx, interaction, known)
            save_request(tx, interaction, known)
        end_interaction(
            tx, interaction, state, sentence=f"“{action.name}” set this to {words}", reason=reason
        )
        return replace(interaction, state=state, owner=Owner.NONE, closed_at=tx.now)
    interactions.put_state(tx.conn, interaction.id, state)
    sentence = f"“{action.name}” set this to {words}"
    messages.append_line(tx, interaction, sentence, event=Event.TIMER, reason=reason)
    schedule_offers(tx)  # a conversation on hold frees its agent's capacity
    return replace(interaction, state=state)
