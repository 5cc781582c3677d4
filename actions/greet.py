"""The requester says hello, and perhaps their name."""

from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.turn import last_text
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.virtual_agent.names_in_texts import introduced_name

SLOT = "said_name"


class GreetAction(Action):
    """Greet the requester by the name that they gave. If several people share a number, only the
    name tells them apart.

    The name is a claim and proves nothing. Agents see it as a claim."""

    def name(self) -> str:
        return "action_greet"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        return greet(dispatcher, introduced_name(last_text(tracker)))


def greet(dispatcher: CollectingDispatcher, name: str | None) -> list[dict[str, Any]]:
    """Send the greeting. Returns the events that remember the name."""
    if name is None:
        dispatcher.utter_message(response="utter_greet")
        return []
    dispatcher.utter_message(response="utter_greet_by_name", name=first_name(name))
    return [SlotSet(SLOT, name)]
