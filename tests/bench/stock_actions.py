"""The measured turn's action on a stock action server: ``python -m rasa_sdk --actions
tests.bench.stock_actions``."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher


class OpenCase(Action):
    """Replies as if it had opened a case. It stores nothing, because the floor has no database."""

    def name(self) -> str:
        return "action_open_case"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any
    ) -> list[dict[str, Any]]:
        dispatcher.utter_message(text=f"I've opened case CS0000001: {tracker.get_slot('problem')}.")
        return [SlotSet(slot, None) for slot in ("problem", "device", "impact")]
