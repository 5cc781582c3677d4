"""What an action knows of the turn that it runs in."""

from collections.abc import Mapping
from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.interfaces import Tracker

from handoff_service.rules.shared.language import Language

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
    "said_name": "Says to be",
    "next_wish_text": "Also wants",
    "questions": "Asked",
}
NOT_TOLD = ("known_outage", "next_wish")  # collected too, but nothing that an agent reads
LASTING = ("language", "said_name")  # is true of the person, not of what they want now


def turn_id(tracker: Tracker) -> int:
    """The turn's id, which the service sent along with the question."""
    metadata = tracker.latest_message.get("metadata") or {}
    return int(metadata["turn_id"])


def interaction_id(tracker: Tracker) -> int:
    """The conversation that this is about: the service asks the bot under its id."""
    return int(tracker.sender_id)


def said(tracker: Tracker) -> str:
    """The last text."""
    return str(tracker.latest_message.get("text") or "").strip()


def intent_of(tracker: Tracker) -> str | None:
    """What the last text was understood as."""
    name: str | None = (tracker.latest_message.get("intent") or {}).get("name")
    return name


def confidence(tracker: Tracker) -> float:
    """How sure the bot is of what the last text means, 0 to 1."""
    return float((tracker.latest_message.get("intent") or {}).get("confidence") or 0)


def language(tracker: Tracker) -> Language:
    """The language to answer in, which the service sets."""
    return Language.SPANISH if tracker.get_slot("language") == "es" else Language.ENGLISH


def entities(tracker: Tracker, *kinds: str) -> list[str]:
    """What was named in the last text, of these kinds."""
    found = tracker.latest_message.get("entities") or []
    return [str(one["value"]) for one in found if one["entity"] in kinds]


def said_with_devices(tracker: Tracker) -> str:
    """The last text, and by their own names the devices that it names in others."""
    return " ".join([str(tracker.latest_message.get("text") or ""), *entities(tracker, "device")])


def form_of(tracker: Tracker) -> str | None:
    """The form that is asking."""
    return tracker.active_loop.get("name") if tracker.active_loop else None


def collected(tracker: Tracker) -> dict[str, str]:
    """What the requester has told the virtual agent so far, by the names that agents read."""
    slots: Mapping[str, object] = tracker.slots
    return {name: str(slots[slot]) for slot, name in COLLECTED.items() if slots.get(slot)}


def forget_collected() -> list[dict[str, Any]]:
    """Events that empty the slots, so that the next problem starts afresh."""
    return [SlotSet(slot, None) for slot in (*COLLECTED, *NOT_TOLD) if slot not in LASTING]
