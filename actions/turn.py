"""Reads facts about the current turn from the tracker that Rasa sends with an action call."""

from collections.abc import Mapping
from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.interfaces import Tracker

from handoff_service.rules.shared.language import Language

#: The events that an action returns to Rasa.
type Events = list[dict[str, Any]]

#: Slot -> the name under which agents see its value.
COLLECTED = {
    "problem": "Problem",
    "device": "Device",
    "impact": "Impact",
    "item": "Item",
    "item_reason": "What for",
    "case_number": "Case",
    "system": "System",
    "topic": "Topic",
    "language": "Language",
    "said_name": "Claimed to be",
    "next_wish_text": "Also wants",
    "questions": "Asked",
}
NOT_SHOWN_TO_AGENTS = ("known_outage", "next_wish")  # collected slots that agents do not see
# Slots that keep their values after a request, because they describe the person.
ABOUT_PERSON = ("language", "said_name")


def turn_id(tracker: Tracker) -> int:
    """The turn's id, which the service sends in the metadata."""
    metadata = tracker.latest_message.get("metadata") or {}
    return int(metadata["turn_id"])


def interaction_id(tracker: Tracker) -> int:
    """The conversation's id, which the service uses as the sender's id."""
    return int(tracker.sender_id)


def last_text(tracker: Tracker) -> str:
    """The requester's last text."""
    return str(tracker.latest_message.get("text") or "").strip()


def intent_of(tracker: Tracker) -> str | None:
    """The intent of the last text."""
    name: str | None = (tracker.latest_message.get("intent") or {}).get("name")
    return name


def confidence(tracker: Tracker) -> float:
    """The confidence of the last text's intent, 0 to 1."""
    return float((tracker.latest_message.get("intent") or {}).get("confidence") or 0)


def language(tracker: Tracker) -> Language:
    """The language of the replies, which the service sets."""
    value = tracker.get_slot("language")
    return Language(value) if value in set(Language) else Language.ENGLISH


def entities(tracker: Tracker, *kinds: str) -> list[str]:
    """The values of these kinds of entities in the last text."""
    found = tracker.latest_message.get("entities") or []
    return [str(one["value"]) for one in found if one["entity"] in kinds]


def last_text_with_devices(tracker: Tracker) -> str:
    """The last text, followed by the standard names of the devices in it."""
    return " ".join([str(tracker.latest_message.get("text") or ""), *entities(tracker, "device")])


def form_of(tracker: Tracker) -> str | None:
    """The name of the active form, or None."""
    return tracker.active_loop.get("name") if tracker.active_loop else None


def collected(tracker: Tracker) -> dict[str, str]:
    """The facts that the virtual agent has collected so far, under the names that agents see."""
    slots: Mapping[str, object] = tracker.slots
    return {name: str(slots[slot]) for slot, name in COLLECTED.items() if slots.get(slot)}


def forget_collected() -> list[dict[str, Any]]:
    """Events that reset the collected slots for the next request."""
    return [
        SlotSet(slot, None)
        for slot in (*COLLECTED, *NOT_SHOWN_TO_AGENTS)
        if slot not in ABOUT_PERSON
    ]
