"""Writes the report on a turn for the header `Patchboard-Turn`; see bot/sms_channel.py."""

from __future__ import annotations

import json

from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.core.constants import (
    ACTION_LISTEN_NAME,
    ACTION_SESSION_START_NAME,
    REQUESTED_SLOT,
    SESSION_START_METADATA_SLOT,
)
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import INTENT_RANKING_KEY as RANKING

from bot.nearness_gate import UNSURE_TOPIC

LONGEST_REPORT = 4000  # characters of the header
LONGEST_SLOT = 200  # characters of one slot's value
RANKED = 5  # intents in the ranking
NO_INTENTS = {DEFAULT_NLU_FALLBACK_INTENT_NAME, UNSURE_TOPIC}  # intents without examples
NOT_REPORTED = {
    REQUESTED_SLOT,
    SESSION_START_METADATA_SLOT,
}  # Rasa's own slots


def report_of(tracker: DialogueStateTracker) -> str:
    """The report on the last turn, as one line of ASCII. If the line would be too long, the report
    has no slots."""
    did: list[str] = []
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            break
        if isinstance(event, ActionExecuted) and event.action_name not in (
            ACTION_LISTEN_NAME,
            ACTION_SESSION_START_NAME,
        ):
            did.insert(0, str(event.action_name))
    intent = tracker.latest_message.intent if tracker.latest_message else {}
    slots = {
        name: value[:LONGEST_SLOT] if isinstance(value, str) else value
        for name, value in tracker.current_slot_values().items()
        if value is not None and name not in NOT_REPORTED
    }
    report = {
        "intent": intent.get("name"),
        "confidence": intent.get("confidence"),
        "did": did,
        "slots": slots,
        "model": tracker.model_id,
        "ranking": _ranking(tracker),
        "asked": _form_and_slot(tracker),
    }
    line = json.dumps(report)
    return line if len(line) <= LONGEST_REPORT else json.dumps(report | {"slots": {}})


def _ranking(tracker: DialogueStateTracker) -> list[tuple[str, float]]:
    """The likeliest intents with their confidence, without the intents that have no examples."""
    parsed = tracker.latest_message.parse_data if tracker.latest_message else {}
    ranked = [(one["name"], round(one["confidence"], 4)) for one in parsed.get(RANKING, ())]
    return [(name, share) for name, share in ranked if name not in NO_INTENTS][:RANKED]


def _form_and_slot(tracker: DialogueStateTracker) -> dict[str, str | None]:
    metadata = (tracker.latest_message.metadata if tracker.latest_message else None) or {}
    asked = metadata.get("asked") or {}
    return {"form": asked.get("form"), "slot": asked.get("slot")}
