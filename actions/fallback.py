"""The virtual agent did not understand: it asks for other words once, then a person takes over."""

from collections.abc import Iterable
from typing import Any

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.turn import collected, forget_collected, turn_id
from handoff_service.context import AppContext
from handoff_service.operations.virtual_agent.take_bot_turn import RequestHandOff, request_hand_off

NAME = "action_fallback"
REASON = "The virtual agent did not understand twice in a row."


class FallbackAction(Action):
    """Twice in a row is enough. Inside a form the form repeats its own question after our words."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if not ran_in_previous_turn(tracker.events):
            form = tracker.active_loop.get("name") if tracker.active_loop else None
            dispatcher.utter_message(response="utter_not_understood" if form else "utter_rephrase")
            # also where no rule leads back to the form
            return [FollowupAction(form)] if form else []
        wish = RequestHandOff(turn_id=turn_id(tracker), reason=REASON, collected=collected(tracker))
        await self._desk.store.write(request_hand_off, wish)
        return [
            ActiveLoop(None),
            SlotSet("requested_slot", None),
            *forget_collected(),
            FollowupAction("action_listen"),
        ]


def ran_in_previous_turn(events: Iterable[dict[str, Any]]) -> bool:
    """Whether this action ran between the last text but one and the last. Intents would not tell:
    inside a form a text that is understood but answers nothing comes here too, and one that is not
    understood may be an answer."""
    turns: list[bool] = []
    for event in events:
        if event.get("event") == "user":
            turns.append(False)
        elif turns and event.get("event") == "action" and event.get("name") == NAME:
            turns[-1] = True
    return len(turns) > 1 and turns[-2]
