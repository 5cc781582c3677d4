"""Hands the conversation off because the virtual agent cannot help. The module ``hand_off`` handles
requests for a person."""

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

#: The name of the fact that makes the handoff open a case. The case's confirmation says that a
#: person will continue.
PROBLEM = COLLECTED["problem"]


async def hand_off_after_failure(
    desk: AppContext, tracker: Tracker, reason: str, known: dict[str, str]
) -> list[dict[str, Any]]:
    """Request a handoff at the end of the turn, and leave the form. Returns events for the action
    to return.

    ``known``: the facts that agents see, by name.

    If the requester reported a second problem inside a form, this opens a case for it, and agents
    see its number. If ``known`` contains a problem, the handoff itself opens a case, and no second
    case is opened, because a turn opens only one case of each kind.
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
