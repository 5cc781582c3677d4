"""Opens a case for an equipment request."""

from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.add_to_case import add_text
from actions.desk_action import DeskAction
from actions.equipment_form import QUESTIONS
from actions.start_topic import take_up
from actions.turn import forget_collected, language, turn_id
from actions.turns import continues_case
from handoff_service.operations.cases.open_case import OpenInTurn, open_case
from handoff_service.rules.shared.translations import translatable
from handoff_service.rules.shared.vocabulary import CaseKind
from handoff_service.rules.virtual_agent.bot_replies import opened

NEXT_STEP = translatable("We'll text you updates. Ask me for its status any time.")


class OpenRequestAction(DeskAction):
    """Open a case for the request, send its number, and reset the form's slots. If the text adds to
    the last case, add it there instead."""

    def name(self) -> str:
        return "action_open_request"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if continues_case(tracker.events) and await add_text(self._desk, dispatcher, tracker):
            return forget_collected()
        item = str(tracker.get_slot("item") or "Equipment").strip()
        reason = str(tracker.get_slot("item_reason") or "").strip()
        asked = str(tracker.get_slot(QUESTIONS) or "").strip()
        lines = [item, f"What for: {reason}" if reason else "", f"Asked: {asked}" if asked else ""]
        command = OpenInTurn(
            turn_id=turn_id(tracker),
            kind=CaseKind.REQUEST,
            description="\n".join(line for line in lines if line),
        )
        number = await self._desk.store.write(open_case, command)
        dispatcher.utter_message(text=opened("request", number, item, NEXT_STEP, language(tracker)))
        reset = [SlotSet(slot, None) for slot in ("item", "item_reason", QUESTIONS)]
        return [*reset, *take_up(dispatcher, tracker)]
