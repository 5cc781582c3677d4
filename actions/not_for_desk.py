"""Answers texts that are meant for somebody else or that a machine sent."""

from typing import Any

from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.add_to_case import add_unclear
from actions.desk_action import DeskAction
from actions.greet import greet
from actions.start_topic import start
from actions.turn import confidence, intent_of, last_text, turn_id
from actions.turns import REPORTS, turns
from actions.unsure_topic import asked_before
from handoff_service.operations.virtual_agent.stay_silent import (
    StaySilent,
    answered_today,
    stay_silent,
)
from handoff_service.rules.virtual_agent.names_in_texts import introduced_name, is_wrong_number
from handoff_service.rules.virtual_agent.questions import is_question
from handoff_service.rules.virtual_agent.solved import is_solved

NAME = "action_not_for_desk"
NOT_FOR_DESK = frozenset({"not_for_desk", "automated_text"})
RECENT_TURNS = 3
SILENT = 0.7  # the minimum confidence at which a text that is not for the desk stays unanswered
# with at least this confidence, the text is no answer to "Shall I open a case for that?"
SURELY_ELSE = 0.95
SERVED = frozenset(
    {
        *("problem_form", "equipment_form", "action_account_help", "action_case_status"),
        *("action_outage_news", "action_office_hours", "action_open_case", "action_open_request"),
    }
)


class NotForDesk(DeskAction):
    """Explain once a day what this number is for. After that, texts that are not for the desk stay
    unanswered, and supervisors get an alert. If one of these texts may be for the desk after all,
    the fallback answers instead.

    Some texts are handled in another way: an introduction, a text that may belong to a recent case,
    a text soon after a request, "it works again", and an answer to "Shall I open a case for that?",
    which becomes part of the report.
    """

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if name := introduced_name(last_text(tracker)):
            return greet(dispatcher, name)
        if await add_unclear(self._desk, dispatcher, tracker):
            return []
        if _is_among_topics(tracker):  # the requester already knows that this number is a help desk
            asks = is_question(last_text(tracker))
            dispatcher.utter_message(response="utter_small_talk" if asks else "utter_no_more")
            return []
        if is_solved(last_text(tracker)):
            dispatcher.utter_message(response="utter_no_more")
            return []
        if (asked := asked_before(tracker)) and asked.likely in REPORTS and _may_go_on(tracker):
            return start(asked.likely, f"{asked.text}\n{last_text(tracker)}", asked.entities)
        if not await self._desk.store.write(answered_today, (turn_id(tracker), NAME)):
            dispatcher.utter_message(response="utter_not_for_desk")
            return []
        if not _surely_not_for_desk(tracker):
            return [FollowupAction("action_fallback")]
        await self._desk.store.write(stay_silent, StaySilent(turn_id=turn_id(tracker)))
        return [FollowupAction("action_listen")]


def _is_among_topics(tracker: Tracker) -> bool:
    """Whether the virtual agent handled a request in the last ``RECENT_TURNS`` turns. False if one
    of them was not for the desk, and for an automated text or a wrong number."""
    if intent_of(tracker) == "automated_text" or is_wrong_number(last_text(tracker)):
        return False
    before = turns(tracker.events)[:-1][-RECENT_TURNS:]
    aside = any(NAME in turn.did for turn in before)
    return not aside and any(SERVED.intersection(turn.did) for turn in before)


def _surely_not_for_desk(tracker: Tracker) -> bool:
    """Whether the classifier was sure about every text in this conversation that it classified as
    not for the desk."""
    taken = [turn for turn in turns(tracker.events) if turn.intent in NOT_FOR_DESK]
    return all(turn.confidence >= SILENT for turn in taken)


def _may_go_on(tracker: Tracker) -> bool:
    """Whether the text may be about the topic of the virtual agent's question. False if an earlier
    text was not for the desk, and if this text is a question, says that the number is wrong, or is
    surely about something else."""
    text = last_text(tracker)
    aside = any(NAME in turn.did for turn in turns(tracker.events)[:-1])
    asks = text.rstrip().endswith("?") or is_wrong_number(text)
    return not aside and not asks and confidence(tracker) < SURELY_ELSE
