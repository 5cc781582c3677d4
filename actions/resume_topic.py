"""Continues the report or request that an opt-out interrupted, after the requester opts in
again."""

from typing import Any

from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.account_help import is_lost_access
from actions.equipment_form import FORM as EQUIPMENT_FORM
from actions.problem_form import FORM as PROBLEM_FORM
from actions.start_topic import start


class ResumeTopic(Action):
    """Continue the form, or the help with an account. The service has already restored the
    slots."""

    def name(self) -> str:
        return "action_resume_topic"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        problem = tracker.get_slot("problem")
        dispatcher.utter_message(response="utter_resumed")
        if problem and is_lost_access(str(problem)):
            return start("account_help", "", [])  # the proof of identity begins again
        return [FollowupAction(PROBLEM_FORM if problem else EQUIPMENT_FORM)]
