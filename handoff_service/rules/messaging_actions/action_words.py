"""Messaging actions in words: for admins, for the agent of a conversation, and in its history."""

from collections.abc import Mapping
from datetime import timedelta

from handoff_service.rules.messaging_actions import condition_words
from handoff_service.rules.messaging_actions.messaging_actions import MessagingAction
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.phrases import Phrase, all_of, any_of, filled, phrase
from handoff_service.rules.shared.vocabulary import Action
from handoff_service.rules.shared.vocabulary_words import WORDS

_WILL = {
    Action.PROMPT_AGENT: phrase("prompt the agent"),
    Action.PROMPT_REQUESTER: phrase("text the requester"),
    Action.REASSIGN: phrase("take it from its agent and return it to its queue"),
    Action.SET_STATE: phrase("set the state to {state}"),
    Action.ALERT_SUPERVISORS: phrase("alert the supervisors"),
}
_FOR_AGENT = {
    Action.PROMPT_AGENT: phrase("reminds you"),
    Action.PROMPT_REQUESTER: phrase("texts the requester"),
    Action.REASSIGN: phrase("returns the conversation to its queue"),
    Action.SET_STATE: phrase("sets the state to {state}"),
    Action.ALERT_SUPERVISORS: phrase("alerts the supervisors"),
}


def describe(action: MessagingAction) -> str:
    """Describe the action and its conditions to admins."""
    limits: list[str] = []
    if action.queues:
        limits.append(phrase("the queue is {queues}", queues=any_of(action.queues)))
    if action.provider_numbers:
        numbers = any_of(action.provider_numbers)
        limits.append(phrase("the company number is {numbers}", numbers=numbers))
    if action.conditions:
        limits.append(condition_words.describe(action.conditions, action.match))
    return _does_if(_WILL, action, limits)


def effect(action: MessagingAction) -> str:
    """What the action does: ``prompt the agent``."""
    return _does_if(_WILL, action, [])


def words_for_agent(action: MessagingAction) -> str:
    """The action of a running timer and its conditions, in words for the agent of the conversation.
    Leaves out conditions on the owner, because the page shows the owner."""
    limits = [one for one in action.conditions if one.field != "owner"]
    seen = [condition_words.describe(limits, action.match)] if limits else []
    return _does_if(_FOR_AGENT, action, seen)


def _does_if(table: Mapping[Action, Phrase], action: MessagingAction, limits: list[str]) -> str:
    state = WORDS[action.state] if action.state else ""
    does = filled(table[action.action], state=state)
    if not limits:
        return does
    return phrase("{effect}, if {conditions}", effect=does, conditions=all_of(limits))


def why(action: MessagingAction, waited: timedelta) -> str:
    """The reason shown in the history: ``30 minutes without agent response``."""
    return f"{durations.describe(waited)} {_words(action.event.partition('_message_')[2])}"


def _words(name: str) -> str:
    return name.replace("_", " ")
