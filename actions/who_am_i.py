"""Answers the question "Who am I?". A requester who is not verified proves it first."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.add_to_case import add_text
from actions.desk_action import DeskAction
from actions.proof import MAX_NAME_LENGTH, begin
from actions.turn import Events, intent_of, last_text, turn_id
from actions.turns import turns_since_case
from handoff_service.rules.identity.identity_level import Level
from handoff_service.rules.virtual_agent.additions import tells_how_to_reach
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.identity.turn_requester import requester_of


class WhoAmI(DeskAction):
    """Send a verified requester their name. For anybody else, begin a proof, unless a form is
    active. Right after a case, add contact details to the case instead."""

    def name(self) -> str:
        return "action_who_am_i"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        requester = await self._desk.store.read(requester_of, turn_id(tracker))
        until = requester.identity.expires_at
        if requester.identity.level is Level.VERIFIED and until is not None:
            zone = await self._desk.store.read(desk_time_zone)
            dispatcher.utter_message(
                response="utter_you_are",
                name=(requester.name or "")[:MAX_NAME_LENGTH],
                until=_clock(until, zone),
            )
            return []
        if tracker.active_loop:
            dispatcher.utter_message(response="utter_who_later")
            return []
        if _tells_how_to_reach(tracker) and await add_text(self._desk, dispatcher, tracker):
            return []
        return await begin(self._desk, tracker, then=None)


def _tells_how_to_reach(tracker: Tracker) -> bool:
    """Whether the text comes right after a case and says how to reach the requester: "you can reach
    me at ann@example.com"."""
    is_next = turns_since_case(tracker.events) == 1
    return (
        is_next
        and intent_of(tracker) == "inform_account"
        and tells_how_to_reach(last_text(tracker))
    )


def _clock(until: datetime, zone: str) -> str:
    return f"{until.astimezone(ZoneInfo(zone)):%H:%M}"
