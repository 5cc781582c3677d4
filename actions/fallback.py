"""The fallback for texts that the virtual agent does not understand. The first time, it asks the
requester to rephrase. The second time in a row, it hands the conversation off to a person. If the
requester has begun a report, or if one of the texts may be a report, the handoff opens a case.

- During a report, a text that may be a fact about the problem is added to the report. The second
  time in the same report, the conversation is handed off, even if the virtual agent understood the
  texts between the two.
- Soon after a case, a text that may belong to the case is added to it.
"""

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.add_to_case import add_unclear
from actions.aside_in_proof import answer_claim
from actions.desk_action import DeskAction
from actions.greet import greet
from actions.hand_off_after_failure import PROBLEM, hand_off_after_failure
from actions.mentioned_account import FORM as IDENTITY_FORM
from actions.problem_form import FORM as PROBLEM_FORM
from actions.start_topic import asked_to_rephrase
from actions.turn import Events, collected, forget_collected, form_of, intent_of, last_text
from actions.turns import previous, times_since_form, unsure_report
from handoff_service.rules.virtual_agent.asides import is_pause
from handoff_service.rules.virtual_agent.names_in_texts import (
    has_new_owner,
    introduced_name,
    is_wrong_number,
)
from handoff_service.rules.virtual_agent.solved import is_solved

NAME = "action_fallback"
REASON = "The virtual agent did not understand twice in a row."
REASON_WITH_CASE = "The virtual agent did not find out how much this affects the requester."
NO_FACT = frozenset({"affirm", "deny", "inform_impact", "inform_device", "automated_text"})


class FallbackAction(DeskAction):
    """See the module's docstring."""

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        """Answer, and end the turn. If another action started this one, no rule ends the turn, and
        Rasa would run this action again and again."""
        events = await self._answer(dispatcher, tracker)
        if any(event["event"] == "followup" for event in events):
            return events
        return [*events, FollowupAction("action_listen")]

    async def _answer(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        form, again = form_of(tracker), ran_in_previous_turn(tracker)
        if form is not None and (aside := _aside(dispatcher, tracker, form)) is not None:
            return aside
        if form == PROBLEM_FORM and tracker.get_slot("problem"):
            missed = again or ran_in_form(tracker)
            return await self._inside_report(dispatcher, tracker, again=missed)
        if form is None and (name := introduced_name(last_text(tracker))):
            return greet(dispatcher, name)
        if form is None and await add_unclear(self._desk, dispatcher, tracker):
            return []
        if form is None and is_solved(last_text(tracker)):
            dispatcher.utter_message(response="utter_no_more")
            return []
        if again:
            report = {} if form else unsure_report(tracker.events)
            known = collected(tracker) | report
            # If the handoff opens a case, the case's confirmation says that a person continues.
            if PROBLEM not in known:
                dispatcher.utter_message(response="utter_not_understood_twice")
            return await hand_off_after_failure(self._desk, tracker, REASON, known)
        dispatcher.utter_message(response="utter_not_understood" if form else "utter_rephrase")
        # Some forms have no rule that continues them after this action.
        return [FollowupAction(form)] if form else []

    async def _inside_report(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, *, again: bool
    ) -> Events:
        """Add the text to the report. The first time, ask the form's question in other words. The
        second time, hand off with the unfinished report."""
        is_fact = len(last_text(tracker).split()) > 1 and intent_of(tracker) not in NO_FACT
        problem = str(tracker.get_slot("problem"))
        problem = f"{problem}\n{last_text(tracker)}" if is_fact else problem
        if again:
            known = collected(tracker) | {PROBLEM: problem}
            return await hand_off_after_failure(self._desk, tracker, REASON_WITH_CASE, known)
        kept = [SlotSet("problem", problem)] if is_fact else []
        if tracker.get_slot("requested_slot") == "impact":
            response = "utter_noted_ask_impact" if is_fact else "utter_ask_impact_again"
            dispatcher.utter_message(response=response)
            # The form rejected this text. Without ActiveLoop, it would not accept the next answer.
            return [*kept, ActiveLoop(PROBLEM_FORM), FollowupAction("action_listen")]
        dispatcher.utter_message(response="utter_noted" if is_fact else "utter_not_understood")
        return [*kept, FollowupAction(PROBLEM_FORM)]


def _aside(dispatcher: CollectingDispatcher, tracker: Tracker, form: str) -> Events | None:
    """Answer a text that does not answer the form's question, but that the virtual agent
    understands (an *aside*). Returns None for any other text."""
    text = last_text(tracker)
    wrong_number = is_wrong_number(text)
    if wrong_number or is_solved(text):
        return _drop(dispatcher, form, "utter_wrong_number" if wrong_number else "utter_dropped")
    if is_pause(text):
        dispatcher.utter_message(response="utter_take_your_time")
        # The form's question must be the last reply, because only the last reply's choices count.
        return [FollowupAction(form)]
    if form == IDENTITY_FORM and has_new_owner(text):
        return [FollowupAction("action_not_me")]
    claim = answer_claim(dispatcher, tracker) if form == IDENTITY_FORM else None
    return None if claim is None else [*claim, FollowupAction(form)]


def _drop(dispatcher: CollectingDispatcher, form: str, response: str) -> Events:
    """Leave the form and reset its slots, because the problem is solved or the requester texted a
    wrong number."""
    if form == IDENTITY_FORM:
        return [FollowupAction("action_drop_proof")]
    dispatcher.utter_message(response=response)
    left = [ActiveLoop(None), SlotSet("requested_slot", None)]
    return [*left, *forget_collected(), FollowupAction("action_listen")]


def ran_in_form(tracker: Tracker) -> bool:
    """Whether this action has already run since the form began."""
    return times_since_form(tracker.events, NAME) > 0


def ran_in_previous_turn(tracker: Tracker) -> bool:
    """Whether this action ran in the previous turn, or another action asked the requester to
    rephrase.

    The previous turn's intent does not show this. Inside a form, this action also runs for an
    understood text that does not answer the question, and a form can accept a text that the virtual
    agent did not understand."""
    return asked_to_rephrase(previous(tracker.events))
