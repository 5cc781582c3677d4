"""A second request inside a form."""

from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.account_help import NAME as ACCOUNT_HELP
from actions.account_help import lost_access
from actions.equipment_form import FORM as EQUIPMENT_FORM
from actions.facts_in_forms import keep
from actions.mentioned_account import FORM as IDENTITY_FORM
from actions.problem_form import FORM as PROBLEM_FORM
from actions.proof import BACK_TO
from actions.start_topic import AFTER_PROOF, NEXT_TOPIC, NEXT_TOPIC_TEXT
from actions.turn import confidence, entities, form_of, intent_of, last_text
from actions.turns import REPORTS
from handoff_service.rules.virtual_agent.facts_in_forms import (
    asks_for_help,
    tells_of_error,
    wants_replacement,
)
from handoff_service.rules.virtual_agent.solved import is_solved

SURE = 0.7  # from this confidence on, the virtual agent remembers the request


class OtherTopic(Action):
    """Remember the request, and start it after the form. This does not remember the request that
    waits for the proof, because that one continues in any case."""

    def name(self) -> str:
        return "action_other_topic"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if form_of(tracker) == IDENTITY_FORM and is_solved(last_text(tracker)):
            return [FollowupAction("action_drop_proof")]
        if _is_about_lost_access(tracker):
            dispatcher.utter_message(response="utter_noted")
            return _with_report(tracker)
        if tracker.get_slot(AFTER_PROOF) == f"action_{intent_of(tracker)}":
            dispatcher.utter_message(response="utter_proof_first")
            return []
        # the text is probably about the present request
        if _is_reason(tracker) and (kept := keep(dispatcher, tracker)) is not None:
            return kept
        if confidence(tracker) < SURE or _is_about_report(tracker):
            if form_of(tracker) == PROBLEM_FORM:
                return [FollowupAction("action_fallback")]  # keeps the text with the report
            dispatcher.utter_message(response="utter_not_understood")
            return []
        dispatcher.utter_message(response="utter_one_at_a_time")
        return [
            SlotSet(NEXT_TOPIC, intent_of(tracker)),
            SlotSet(NEXT_TOPIC_TEXT, last_text(tracker)),
        ]


def _is_reason(tracker: Tracker) -> bool:
    """Whether a text about an account is the reason for a request: "the old one locks me out"."""
    asks = asks_for_help(last_text(tracker)) or bool(entities(tracker, "system"))
    return form_of(tracker) == EQUIPMENT_FORM and not asks


def _is_about_report(tracker: Tracker) -> bool:
    """Whether the text tells more about the report, although it names an account or equipment:
    "error say authentication fail", "i think i need a new one"."""
    if form_of(tracker) != PROBLEM_FORM:
        return False
    text, named = last_text(tracker), entities(tracker, "device", "system")
    if entities(tracker, "item") or any(not _has(tracker, name) for name in named):
        return False
    if intent_of(tracker) == "account_help":
        return tells_of_error(text)
    return bool(named) or wants_replacement(text)


def _has(tracker: Tracker, name: str) -> bool:
    """Whether the report names the device or program."""
    told = f"{tracker.get_slot('problem')} {tracker.get_slot('device') or ''}"
    return name.casefold() in told.casefold()


def _is_about_lost_access(tracker: Tracker) -> bool:
    """Whether the text is about the account that the requester cannot get into, such as "i can not
    work without it", and the help with that account waits for the proof."""
    if tracker.get_slot(AFTER_PROOF) != ACCOUNT_HELP or tracker.get_slot(BACK_TO):
        return False
    others = set(entities(tracker, "device", "system")) - {tracker.get_slot("system")}
    return intent_of(tracker) in REPORTS and not others


def _with_report(tracker: Tracker) -> list[dict[str, Any]]:
    """The events that keep the text as a report. The report becomes a case even if the proof
    fails."""
    report = tracker.get_slot("problem") or lost_access(tracker.get_slot("system"))
    blocked = intent_of(tracker) == "impact_blocked"
    return [
        SlotSet("problem", f"{report}\n{last_text(tracker)}"),
        *([SlotSet("impact", "blocked")] if blocked else []),
    ]
