"""Answers courtesies, questions about the virtual agent and small talk while a form is active. If
such a text contains a fact, stores the text instead: "thanks, it is in room 4"."""

from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.equipment_form import FORM as EQUIPMENT_FORM
from actions.equipment_form import keep_aside
from actions.problem_form import FORM as PROBLEM_FORM
from actions.turn import confidence, form_of, intent_of, last_text
from actions.turns import times_since_form
from handoff_service.rules.conversations.reactions import is_emoji
from handoff_service.rules.virtual_agent.facts_in_forms import asks_more, tells_fact

SMALL_TALK = "action_small_talk_in_form"
MAX_ANSWERS = 2  # answers to small talk in one form, so that no loop can begin
SURE = 0.9  # a text with at least this confidence is only small talk
RESPONSES = {
    "greet": "utter_greet",
    "help": "utter_help",
    "thanks": "utter_thanks",
    "bye": "utter_bye_in_form",
}

#: Intents of texts that end an exchange, unless the text also asks or states something.
ENDINGS = frozenset({"thanks", "bye"})

type Events = list[dict[str, Any]]


class AsideInForm(Action):
    """Answer a greeting, thanks, a farewell or a question about the virtual agent. If the text also
    states a fact, or if it is thanks or a farewell with a question, store it instead. The form then
    asks again."""

    def name(self) -> str:
        return "action_aside_in_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        kept = keep_fact(dispatcher, tracker)
        if kept is None and intent_of(tracker) in ENDINGS and asks_more(last_text(tracker)):
            return keep_aside(dispatcher, tracker)  # "thanks, are they coming?"
        if kept is None:
            dispatcher.utter_message(response=RESPONSES[str(intent_of(tracker))])
        return kept or []


class SmallTalkInForm(Action):
    """Answer small talk. The form then asks again. After ``MAX_ANSWERS`` answers, or for a text of
    emoji alone, run the fallback."""

    def name(self) -> str:
        return SMALL_TALK

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        if confidence(tracker) < SURE and (kept := keep_fact(dispatcher, tracker)) is not None:
            return kept
        again = times_since_form(tracker.events, SMALL_TALK) >= MAX_ANSWERS
        if again or is_emoji(last_text(tracker)):
            return [FollowupAction("action_fallback")]
        dispatcher.utter_message(response="utter_small_talk")
        return []


def keep_fact(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """Add a text that states a fact to the report, or store it as the reason for the request.
    Returns None if the text states no fact, or if there is no report or request to add it to."""
    if not tells_fact(last_text(tracker)):
        return None
    return keep(dispatcher, tracker)


def keep(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """Do the same as ``keep_fact``, but for any text."""
    if form_of(tracker) == PROBLEM_FORM and (problem := tracker.get_slot("problem")):
        dispatcher.utter_message(response="utter_noted")
        return [SlotSet("problem", f"{problem}\n{last_text(tracker)}")]
    if form_of(tracker) == EQUIPMENT_FORM and tracker.get_slot("requested_slot") == "item_reason":
        return [SlotSet("item_reason", last_text(tracker))]
    return None
