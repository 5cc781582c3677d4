"""Small talk inside a form."""

from typing import Any

from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.turn import last_text
from actions.turns import times_since_form
from handoff_service.rules.conversations.reactions import is_emoji

NAME = "action_small_talk_in_form"
MAX_ANSWERS = 2  # answers in one form, so that small talk cannot go on without end


class SmallTalkInForm(Action):
    """Answer the small talk. The form then asks its question again. A text of only emoji, and small
    talk after the most answers, count as texts that the form does not understand."""

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        again = times_since_form(tracker.events, NAME) >= MAX_ANSWERS
        if again or is_emoji(last_text(tracker)):
            return [FollowupAction("action_fallback")]
        dispatcher.utter_message(response="utter_small_talk")
        return []
