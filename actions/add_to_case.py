"""The requester says more about what they have just reported."""

from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.problem_form import FORM
from actions.turn import turn_id
from handoff_service.context import AppContext
from handoff_service.operations.cases.add_to_case import AddToCase, add_to_case
from handoff_service.rules.virtual_agent.bot_replies import added


class AddToCaseAction(Action):
    """Note it on the case that was made in this conversation. Without one, it is the beginning of a
    report."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk

    def name(self) -> str:
        return "action_add_to_case"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        said = str(tracker.latest_message.get("text") or "").strip()
        number = await self._desk.store.write(
            add_to_case, AddToCase(turn_id=turn_id(tracker), note=said)
        )
        if number is None:
            return [SlotSet("problem", said), FollowupAction(FORM)]
        dispatcher.utter_message(text=added(number, said))
        return []
