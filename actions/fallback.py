"""The virtual agent did not understand: ask for other words once, then a person takes over."""

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.turn import collected, turn_id
from handoff_service.desk import Desk
from handoff_service.operations.take_bot_turn import RequestHandOff, request_hand_off

NOT_UNDERSTOOD = "nlu_fallback"
TRIES = 2


class FallbackAction(Action):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        return "action_fallback"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        if not_understood_in_a_row(tracker) < TRIES:
            dispatcher.utter_message(response="utter_rephrase")
            return []
        wish = RequestHandOff(
            turn_id=turn_id(tracker),
            reason="The virtual agent did not understand, twice in a row.",
            collected=collected(tracker),
        )
        await self._desk.store.write(request_hand_off, wish)
        return []


def not_understood_in_a_row(tracker: Tracker) -> int:
    """How many of the latest texts, without a break, were not understood."""
    count = 0
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            intent = (event.get("parse_data") or {}).get("intent") or {}
            if intent.get("name") != NOT_UNDERSTOOD:
                break
            count += 1
        elif event.get("event") == "session_started":
            break
    return count
