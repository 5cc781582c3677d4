"""The virtual agent gives up: the conversation goes to a person when the turn ends, and every form
is left."""

from typing import Any

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.start_topic import REPORTS, WISH, WISH_TEXT
from actions.turn import forget_collected, turn_id
from handoff_service.context import AppContext
from handoff_service.operations.cases.open_case import OpenCase, open_case
from handoff_service.operations.virtual_agent.take_bot_turn import RequestHandOff, request_hand_off


async def hand_over(
    desk: AppContext, tracker: Tracker, reason: str, known: dict[str, str]
) -> list[dict[str, Any]]:
    """Events for the action to return. ``known``: what agents read, by name. A report that was
    remembered for later becomes a case, which the agent then has."""
    if tracker.get_slot(WISH) in REPORTS and tracker.get_slot(WISH_TEXT):
        report = OpenCase(turn_id=turn_id(tracker), description=str(tracker.get_slot(WISH_TEXT)))
        known = known | {"Case": await desk.store.write(open_case, report)}
    wish = RequestHandOff(turn_id=turn_id(tracker), reason=reason, collected=known)
    await desk.store.write(request_hand_off, wish)
    return [
        ActiveLoop(None),
        SlotSet("requested_slot", None),
        *forget_collected(),
        FollowupAction("action_listen"),
    ]
