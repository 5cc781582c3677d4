"""Resets the collected slots after the requester cancels a request."""

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.turn import forget_collected


class ResetSlotsAction(Action):
    """Reset the collected slots. Otherwise the next form would take their values as answers."""

    def name(self) -> str:
        return "action_forget"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        return forget_collected()
