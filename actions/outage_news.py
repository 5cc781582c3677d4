"""What is down just now."""

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from handoff_service.desk import Desk
from handoff_service.rules import requester_words
from handoff_service.store import outages

MOST_OUTAGES = 3  # each is a text of its own


class OutageNewsAction(Action):
    """Tell the current outages in the admin's words, or that none is known."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        return "action_outage_news"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        found = await self._desk.store.read(outages.current)
        for outage in found[:MOST_OUTAGES]:
            dispatcher.utter_message(text=outage.text)
        dispatcher.utter_message(text=requester_words.ANOTHER_PROBLEM if found else requester_words.NO_OUTAGE)
        return []
