"""Prepares a conversation for a turn's text: runs the steps before the text, and finds the question
that the virtual agent asked before it."""

from __future__ import annotations

import logging
from typing import Any

from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from bot.turn_request import Before

logger = logging.getLogger(__name__)

MAKE_CASES = {"action_open_case", "action_open_request", "action_add_to_case"}
NOT_FOR_DESK = "action_not_for_desk"
START_TOPICS = {
    *("problem_form", "equipment_form", "identity_form", "action_case_status"),
    *("action_account_help", "action_outage_news", "action_office_hours", *MAKE_CASES),
}


def asked_before(tracker: DialogueStateTracker | None, sent: Any) -> dict[str, Any]:
    """The question before this text; see bot/asked.py. `form`, `slot`, `after_case` and
    `not_for_desk` come from the tracker, and replace the values that the service sent."""
    form = tracker.active_loop_name if tracker else None
    ran = {
        event.action_name
        for event in (tracker.events if tracker else ())
        if isinstance(event, ActionExecuted)
    }
    return {
        **(sent if isinstance(sent, dict) else {}),
        "form": form,
        "slot": tracker.get_slot(REQUESTED_SLOT) if tracker and form else None,
        "after_case": not MAKE_CASES.isdisjoint(ran),
        "not_for_desk": _was_not_for_desk(tracker),
    }


def _was_not_for_desk(tracker: DialogueStateTracker | None) -> bool:
    """Whether a text was not for the desk, and no topic has started since."""
    for event in reversed(tracker.events if tracker else ()):
        if isinstance(event, ActionExecuted):
            if event.action_name == NOT_FOR_DESK:
                return True
            if event.action_name in START_TOPICS:
                return False
    return False


async def prepare(agent: Any, sender: str, before: Before) -> None:
    """Set the slots and leave the form. Both become events in the stored conversation."""
    known = {slot.name for slot in agent.domain.slots}
    if unknown := before.slots.keys() - known:
        logger.warning("sms.unknown_slots sender=%s slots=%s", sender, ",".join(sorted(unknown)))
    events: list[Event] = [
        SlotSet(name, value) for name, value in before.slots.items() if name in known
    ]
    async with agent.lock_store.lock(sender):
        tracker = await agent.processor.fetch_tracker_with_initial_session(sender)
        if before.leave_form and tracker.active_loop:
            events += [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)]
        tracker.update_with_events(events, agent.domain)
        await agent.tracker_store.save(tracker)
