"""The requester asks for a person."""

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.desk_action import DeskAction
from actions.hand_off_after_failure import PROBLEM
from actions.turn import collected, forget_collected, last_text, turn_id
from handoff_service.operations.virtual_agent.request_hand_off import (
    RequestHandOff,
    request_hand_off,
)
from handoff_service.rules.virtual_agent.facts_in_forms import tells_fact
from handoff_service.rules.virtual_agent.handoff_reason import reason_in


class HandOffAction(DeskAction):
    """Hand the conversation off when this turn ends. The service then sends the queue's text.

    The reason comes from the requester's text. The virtual agent does not ask for one.
    """

    def name(self) -> str:
        return "action_hand_off"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        about = reason_in(str(tracker.latest_message.get("text") or ""))
        reason = f"Asked for a person: {about}." if about else "Asked for a person."
        wish = RequestHandOff(turn_id=turn_id(tracker), reason=reason, collected=_told(tracker))
        await self._desk.store.write(request_hand_off, wish)
        return forget_collected()


def _told(tracker: Tracker) -> dict[str, str]:
    """The collected facts. A report also gets the text, if it tells something: "we let people in by
    hand" can be taken for a request for a person."""
    known = collected(tracker)
    if PROBLEM in known and tells_fact(last_text(tracker)):
        known[PROBLEM] += f"\n{last_text(tracker)}"
    return known
