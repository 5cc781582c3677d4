"""Hands the conversation off because the requester asks for a person."""

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
    """Hand the conversation off at the end of this turn. The service then sends the queue's text.

    The reason comes from the requester's text. The virtual agent does not ask for it.
    """

    def name(self) -> str:
        return "action_hand_off"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        about = reason_in(str(tracker.latest_message.get("text") or ""))
        reason = f"Asked for a person: {about}." if about else "Asked for a person."
        facts = _facts_for_agent(tracker)
        handoff = RequestHandOff(turn_id=turn_id(tracker), reason=reason, collected=facts)
        await self._desk.store.write(request_hand_off, handoff)
        return forget_collected()


def _facts_for_agent(tracker: Tracker) -> dict[str, str]:
    """The collected facts. If there is a report and the text states a fact, the text is added to
    the report, because the classifier can mistake a fact such as "we let people in by hand" for a
    request for a person."""
    known = collected(tracker)
    if PROBLEM in known and tells_fact(last_text(tracker)):
        known[PROBLEM] += f"\n{last_text(tracker)}"
    return known
