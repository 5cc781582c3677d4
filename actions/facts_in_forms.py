"""Keeps what a requester tells inside a form, if the classifier took the text for a courtesy, small
talk or a question: "thanks, it is in room 4"."""

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
SURE = 0.9  # from this confidence on, a text is small talk only
RESPONSES = {
    "greet": "utter_greet",
    "help": "utter_help",
    "thanks": "utter_thanks",
    "bye": "utter_bye_in_form",
}

#: the intents of texts that end an exchange, unless they ask or tell something too
ENDINGS = frozenset({"thanks", "bye"})

type Events = list[dict[str, Any]]


class AsideInForm(Action):
    """Answer a greeting, thanks, a farewell or a question about the virtual agent, and then the
    form asks again. A text that also tells something is kept."""

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
    """Answer it, and then the form asks again. A bare emoji, or small talk without an end, is a
    text that the form does not understand."""

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
    """Keep a text that tells something with the report, or as the reason for the request. None: it
    tells nothing, or nothing was reported or requested yet."""
    if not tells_fact(last_text(tracker)):
        return None
    return keep(dispatcher, tracker)


def keep(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """Keep the text as ``keep_fact`` does, whatever it tells."""
    if form_of(tracker) == PROBLEM_FORM and (problem := tracker.get_slot("problem")):
        dispatcher.utter_message(response="utter_noted")
        return [SlotSet("problem", f"{problem}\n{last_text(tracker)}")]
    if form_of(tracker) == EQUIPMENT_FORM and tracker.get_slot("requested_slot") == "item_reason":
        return [SlotSet("item_reason", last_text(tracker))]
    return None
