"""A second request inside a form."""

from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.start_topic import AFTER_PROOF, NEXT_TOPIC, NEXT_TOPIC_TEXT
from actions.turn import confidence, intent_of, last_text

SURE = 0.7  # from this confidence on, the request is remembered


class OtherTopic(Action):
    """Remember the request, and start it after the form. The request that waits for the proof is
    not remembered, because it continues in any case."""

    def name(self) -> str:
        return "action_other_topic"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if tracker.get_slot(AFTER_PROOF) == f"action_{intent_of(tracker)}":
            dispatcher.utter_message(response="utter_proof_first")
            return []
        if confidence(tracker) < SURE:  # probably about the present request
            dispatcher.utter_message(response="utter_not_understood")
            return []
        dispatcher.utter_message(response="utter_one_at_a_time")
        return [
            SlotSet(NEXT_TOPIC, intent_of(tracker)),
            SlotSet(NEXT_TOPIC_TEXT, last_text(tracker)),
        ]
