"""Make a request for equipment."""

from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.turn import turn_id
from handoff_service.context import AppContext
from handoff_service.operations.cases.open_case import OpenCase, open_case
from handoff_service.rules.shared.vocabulary import CaseKind
from handoff_service.rules.virtual_agent.bot_replies import opened

THEN = "We'll text you updates. Ask me for its status any time."


class OpenRequestAction(Action):
    """Make a case of what somebody wants, tell its number, and forget the form's answers."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk

    def name(self) -> str:
        return "action_open_request"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        item = str(tracker.get_slot("item") or "Equipment").strip()
        reason = str(tracker.get_slot("item_reason") or "").strip()
        wanted = OpenCase(
            turn_id=turn_id(tracker),
            kind=CaseKind.REQUEST,
            description=f"{item}\nWhat for: {reason}" if reason else item,
        )
        number = await self._desk.store.write(open_case, wanted)
        dispatcher.utter_message(text=opened("request", number, item, THEN))
        return [SlotSet("item", None), SlotSet("item_reason", None)]
