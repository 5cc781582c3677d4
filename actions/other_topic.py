"""Another wish inside a form."""

from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.start_topic import AFTER_PROOF, WISH, WISH_TEXT
from actions.turn import confidence, intent_of, said

SURE = 0.7  # of the classifier; a wish is remembered from here on


class OtherTopic(Action):
    """Remember it, and take it up after the form. The wish that waits for the proof is no other: it
    goes on anyway."""

    def name(self) -> str:
        return "action_other_topic"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if tracker.get_slot(AFTER_PROOF) == f"action_{intent_of(tracker)}":
            dispatcher.utter_message(response="utter_proof_first")
            return []
        if confidence(tracker) < SURE:  # more about what they want now
            dispatcher.utter_message(response="utter_not_understood")
            return []
        dispatcher.utter_message(response="utter_one_at_a_time")
        return [SlotSet(WISH, intent_of(tracker)), SlotSet(WISH_TEXT, said(tracker))]
