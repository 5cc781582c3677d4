"""The requester has opted in again, after an opt-out ended their report."""

from typing import Any

from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.equipment_form import FORM as EQUIPMENT_FORM
from actions.problem_form import FORM as PROBLEM_FORM


class ResumeTopic(Action):
    """Continue the form. The service has restored its slots."""

    def name(self) -> str:
        return "action_resume_topic"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        form = PROBLEM_FORM if tracker.get_slot("problem") else EQUIPMENT_FORM
        dispatcher.utter_message(response="utter_resumed")
        return [FollowupAction(form)]
