"""The equipment form. If the requester answers with a question, the question goes into a separate
slot, and the form asks again."""

from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.turn import intent_of, last_text
from actions.turns import continues_case
from handoff_service.rules.virtual_agent.equipment_words import equipment_in, names_equipment
from handoff_service.rules.virtual_agent.questions import is_question

FORM = "equipment_form"
QUESTIONS = "questions"
REQUEST = "request_equipment"


class ValidateEquipmentForm(FormValidationAction):
    """Accepts any words as an answer, except the requester's first question. If the request itself
    names the equipment, the slot gets the requester's words instead of one entity, because "a
    laptop and a phone" contains two entities."""

    def name(self) -> str:
        return f"validate_{FORM}"

    async def required_slots(
        self,
        domain_slots: list[str],
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: DomainDict,
    ) -> list[str]:
        """The slots that the form asks for. Empty if the text corrects or adds to the last case,
        because the virtual agent then adds the text to that case."""
        return [] if continues_case(tracker.events) else domain_slots

    async def extract_item(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        text = last_text(tracker)
        begins = not tracker.get_slot("requested_slot") and intent_of(tracker) == REQUEST
        return {"item": equipment_in(text)} if begins and names_equipment(text) else {}

    async def validate_item(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        if intent_of(tracker) == REQUEST:  # "can i get a monitor?" names the equipment
            return {"item": value}
        return keep_question("item", value, dispatcher, tracker) or {"item": value}

    async def validate_item_reason(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        kept = keep_question("item_reason", value, dispatcher, tracker)
        return kept or {"item_reason": value}


def keep_question(
    slot: str, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker
) -> dict[str, Any]:
    """The slots to set if the value is a question: the asked slot stays empty, and ``questions``
    gets the question.

    Empty if the value is an answer. Also empty for a second question, because otherwise the form
    could ask forever."""
    is_new = tracker.get_slot(QUESTIONS) is None and tracker.get_slot("requested_slot") == slot
    if (
        not is_new
        or str(value).strip() != last_text(tracker)
        or not is_question(last_text(tracker))
    ):
        return {}
    dispatcher.utter_message(response="utter_question_kept")
    return {slot: None, QUESTIONS: last_text(tracker)}


def keep_aside(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[dict[str, Any]]:
    """Events that store a text for an agent, because the virtual agent cannot answer it. The form
    then asks again."""
    asks = "?" in last_text(tracker) or is_question(last_text(tracker))
    dispatcher.utter_message(response="utter_question_kept" if asks else "utter_noted")
    asked = [tracker.get_slot(QUESTIONS), last_text(tracker)]
    return [SlotSet(QUESTIONS, "\n".join(str(one) for one in asked if one))]
