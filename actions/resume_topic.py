"""The requester has opted in again after they left a report by opting out."""

from typing import Any

from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.equipment_form import FORM as EQUIPMENT_FORM
from actions.problem_form import FORM as PROBLEM_FORM


class ResumeTopic(Action):
    """Go on with the form. The service has set the slots that were filled before."""

    def name(self) -> str:
        return "action_resume_topic"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        form = PROBLEM_FORM if tracker.get_slot("problem") else EQUIPMENT_FORM
        dispatcher.utter_message(response="utter_resumed")
        return [FollowupAction(form)]
