"""Starts a topic that no rule starts: one that the requester has confirmed, or one that the virtual
agent has remembered during another topic."""

from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.turn import Events
from actions.turns import REPORTS, PastTurn
from handoff_service.rules.virtual_agent.equipment_words import equipment_in, names_equipment

AFTER_PROOF = "after_proof"  # the slot with the action that follows the proof: see actions/proof.py
NEXT_TOPIC, NEXT_TOPIC_TEXT = "next_wish", "next_wish_text"
ACTIONS = {
    "account_help": "action_account_help",
    "case_status": "action_case_status",
    "outage_news": "action_outage_news",
    "office_hours": "action_office_hours",
    "talk_to_person": "action_hand_off",
}
#: topic -> slot -> the entities that fill it
DETAILS: dict[str, dict[str, tuple[str, ...]]] = {
    "report_problem": {"device": ("device",), "impact": ("impact",)},
    "request_equipment": {"item": ("item", "device")},
    "account_help": {"system": ("system", "device")},
    "case_status": {"case_number": ("case_number",)},
}


def start(topic: str, text: str, entities: list[dict[str, Any]]) -> Events:
    """Events that start the topic as if the requester had just sent ``text``."""
    if topic in REPORTS:
        details = _details("report_problem", entities)
        return [SlotSet("problem", text), *details, FollowupAction("problem_form")]
    if topic == "request_equipment":
        named = (
            [SlotSet("item", equipment_in(text))]
            if names_equipment(text)
            else _details(topic, entities)
        )
        return [*named, FollowupAction("equipment_form")]
    action = ACTIONS[topic]
    return [*_details(topic, entities), SlotSet(AFTER_PROOF, action), FollowupAction(action)]


def can_start(topic: str | None) -> bool:
    return topic in REPORTS or topic in ACTIONS or topic == "request_equipment"


def asked_to_rephrase(turn: PastTurn | None) -> bool:
    """Whether the virtual agent asked the requester to rephrase in this turn. If it does not
    understand the next text either, the conversation goes to a person."""
    if turn is None:
        return False
    could_not_ask = "action_ask_topic" in turn.did and not can_start(turn.likely)
    return "action_fallback" in turn.did or could_not_ask


def take_up(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Announce the remembered request, and return the events that start it. Does nothing and
    returns an empty list if there is none."""
    topic = str(tracker.get_slot(NEXT_TOPIC))
    if not can_start(topic):
        return []
    text = str(tracker.get_slot(NEXT_TOPIC_TEXT) or "")
    dispatcher.utter_message(response="utter_next_wish")
    return [
        SlotSet(NEXT_TOPIC, None),
        SlotSet(NEXT_TOPIC_TEXT, None),
        *start(topic, text, _named(tracker, text)),
    ]


def _named(tracker: Tracker, text: str) -> list[dict[str, Any]]:
    """The entities of the remembered text."""
    for event in reversed(tracker.events):
        if event.get("event") == "user" and str(event.get("text") or "").strip() == text:
            return list((event.get("parse_data") or {}).get("entities") or [])
    return []


def _details(topic: str, entities: list[dict[str, Any]]) -> Events:
    found = []
    for slot, kinds in DETAILS.get(topic, {}).items():
        values = [str(one["value"]) for kind in kinds for one in entities if one["entity"] == kind]
        found += [SlotSet(slot, value) for value in values[:1]]
    return found
