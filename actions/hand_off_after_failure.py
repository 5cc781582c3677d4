"""Hands the conversation off because the virtual agent cannot help: it leaves the form, and the
conversation goes to a live agent when the turn ends. ``hand_off`` does the same when the requester
asks for a person."""

from typing import Any

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.start_topic import NEXT_TOPIC, NEXT_TOPIC_TEXT
from actions.turn import COLLECTED, forget_collected, turn_id
from actions.turns import REPORTS
from handoff_service.context import AppContext
from handoff_service.operations.cases.open_case import OpenInTurn, open_case
from handoff_service.operations.virtual_agent.request_hand_off import (
    RequestHandOff,
    request_hand_off,
)

#: The fact that makes the handoff open a case. Its confirmation says that a person will continue.
PROBLEM = COLLECTED["problem"]


async def hand_off_after_failure(
    desk: AppContext, tracker: Tracker, reason: str, known: dict[str, str]
) -> list[dict[str, Any]]:
    """Request the handoff. Returns the events for the action to return.

    ``known``: the facts that agents see, by name. A report that was put off becomes a case, and the
    agent sees its number. If the handoff opens a case anyway, that case contains it: a turn opens
    one case of each kind.
    """
    text = tracker.get_slot(NEXT_TOPIC_TEXT)
    if PROBLEM not in known and tracker.get_slot(NEXT_TOPIC) in REPORTS and text:
        report = OpenInTurn(turn_id=turn_id(tracker), description=str(text))
        known = known | {"Case": await desk.store.write(open_case, report)}
    command = RequestHandOff(turn_id=turn_id(tracker), reason=reason, collected=known)
    await desk.store.write(request_hand_off, command)
    return [
        ActiveLoop(None),
        SlotSet("requested_slot", None),
        *forget_collected(),
        FollowupAction("action_listen"),
    ]
