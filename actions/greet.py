"""Answers greetings, thanks and farewells."""

from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.add_to_case import add_text
from actions.turn import intent_of, last_text
from actions.turns import COURTESY, turns_since_case
from handoff_service.context import AppContext
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.virtual_agent.facts_in_forms import asks_more, tells_fact
from handoff_service.rules.virtual_agent.names_in_texts import introduced_name

SLOT = "said_name"


class GreetAction(Action):
    """Greet the requester, by name if they gave one, and remember the name. If several people share
    a number, only the name tells them apart.

    The name proves nothing. Agents see it as a claim."""

    def name(self) -> str:
        return "action_greet"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        return greet(dispatcher, introduced_name(last_text(tracker)))


class CourtesyAction(Action):
    """Answer thanks or a farewell. Right after a case, add the text to the case if it also asks
    something or states a fact: "thank you. is somebody coming?"."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk

    def name(self) -> str:
        return COURTESY

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        text, is_next = last_text(tracker), turns_since_case(tracker.events) == 1
        says_more = is_next and (asks_more(text) or tells_fact(text))
        if not (says_more and await add_text(self._desk, dispatcher, tracker)):
            thanks = intent_of(tracker) == "thanks"
            dispatcher.utter_message(response="utter_thanks" if thanks else "utter_bye")
        return []


def greet(dispatcher: CollectingDispatcher, name: str | None) -> list[dict[str, Any]]:
    """Send a greeting. Returns events that store the name."""
    if name is None:
        dispatcher.utter_message(response="utter_greet")
        return []
    dispatcher.utter_message(response="utter_greet_by_name", name=first_name(name))
    return [SlotSet(SLOT, name)]
