"""Handles a second request inside a form."""

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

SURE = 0.7  # the virtual agent remembers a request that has at least this confidence


class OtherTopic(Action):
    """Remember the request, and start it after the form. A request that already waits for the proof
    is not remembered, because it starts after the proof anyway."""

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
        # The text is probably about the current request.
        if _is_reason(tracker) and (kept := keep(dispatcher, tracker)) is not None:
            return kept
        if confidence(tracker) < SURE or _is_about_report(tracker):
            if form_of(tracker) == PROBLEM_FORM:
                return [FollowupAction("action_fallback")]  # adds the text to the report
            dispatcher.utter_message(response="utter_not_understood")
            return []
        dispatcher.utter_message(response="utter_one_at_a_time")
        return [
            SlotSet(NEXT_TOPIC, intent_of(tracker)),
            SlotSet(NEXT_TOPIC_TEXT, last_text(tracker)),
        ]


def _is_reason(tracker: Tracker) -> bool:
    """Whether a text about an account gives the reason for an equipment request: "the old one locks
    me out"."""
    asks = asks_for_help(last_text(tracker)) or bool(entities(tracker, "system"))
    return form_of(tracker) == EQUIPMENT_FORM and not asks


def _is_about_report(tracker: Tracker) -> bool:
    """Whether the text adds to the report, although the classifier took it for a request about an
    account or equipment: "error say authentication fail", "i think i need a new one"."""
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
    report = f"{tracker.get_slot('problem')} {tracker.get_slot('device') or ''}"
    return name.casefold() in report.casefold()


def _is_about_lost_access(tracker: Tracker) -> bool:
    """Whether help with an account waits for the proof, and the text is about that account, such as
    "i can not work without it"."""
    if tracker.get_slot(AFTER_PROOF) != ACCOUNT_HELP or tracker.get_slot(BACK_TO):
        return False
    others = set(entities(tracker, "device", "system")) - {tracker.get_slot("system")}
    return intent_of(tracker) in REPORTS and not others


def _with_report(tracker: Tracker) -> list[dict[str, Any]]:
    """Events that add the text to the report. The report becomes a case even if the proof fails."""
    report = tracker.get_slot("problem") or lost_access(tracker.get_slot("system"))
    blocked = intent_of(tracker) == "impact_blocked"
    return [
        SlotSet("problem", f"{report}\n{last_text(tracker)}"),
        *([SlotSet("impact", "blocked")] if blocked else []),
    ]
