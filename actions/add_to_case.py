"""Adds the requester's text to a case that was made in this conversation."""

from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.desk_action import DeskAction
from actions.problem_form import FORM
from actions.turn import confidence, intent_of, language, last_text, turn_id
from actions.turns import turns_since_case
from handoff_service.context import AppContext
from handoff_service.operations.cases.add_to_case import AddToCase, add_to_case
from handoff_service.rules.virtual_agent.bot_replies import added
from handoff_service.rules.virtual_agent.names_in_texts import is_wrong_number
from handoff_service.rules.virtual_agent.questions import is_question

RECENT_TURNS = 3  # an unclear text within this many turns after a case may belong to the case
UNCLEAR = frozenset(
    {"nlu_fallback", "unsure_topic", "out_of_scope", "not_for_desk", "automated_text"}
)
SURELY_AUTOMATED = 0.9  # an automated text with at least this confidence belongs to no case
MIN_WORDS = 2  # a shorter text is no addition to a case


class AddToCaseAction(DeskAction):
    """Add the text to the conversation's case. If there is no case, start a report with the
    text."""

    def name(self) -> str:
        return "action_add_to_case"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if await add_text(self._desk, dispatcher, tracker):
            return []
        return [SlotSet("problem", last_text(tracker)), FollowupAction(FORM)]


async def add_unclear(desk: AppContext, dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Add the text to the case of an earlier turn if it may belong there. Returns whether the text
    was added.

    When in doubt, this adds the text, because an unrelated text in a case does less harm than a
    lost fact."""
    ago, text = turns_since_case(tracker.events), last_text(tracker)
    if ago is None or ago > RECENT_TURNS or len(text.split()) < MIN_WORDS or is_wrong_number(text):
        return False
    if intent_of(tracker) == "automated_text" and confidence(tracker) >= SURELY_AUTOMATED:
        return False
    return (ago == 1 or intent_of(tracker) in UNCLEAR) and await add_text(desk, dispatcher, tracker)


async def add_text(desk: AppContext, dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Add the text to the conversation's case, and send the requester a confirmation. Returns False
    if there is no case."""
    note = AddToCase(turn_id=turn_id(tracker), note=last_text(tracker))
    number = await desk.store.write(add_to_case, note)
    if number is None:
        return False
    if is_question(last_text(tracker)):
        dispatcher.utter_message(response="utter_question_added", number=number)
    else:
        dispatcher.utter_message(text=added(number, last_text(tracker), language(tracker)))
    return True
