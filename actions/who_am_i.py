"""The requester asks who they are for the service."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.desk_action import DeskAction
from actions.proof import MOST_NAME, begin
from actions.turn import Events, turn_id
from handoff_service.rules.identity.identity_level import Level
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.identity.turn_requester import requester_of


class WhoAmI(DeskAction):
    """Send a verified requester their name. For anybody else, begin a proof, unless a form is
    active."""

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
                name=(requester.name or "")[:MOST_NAME],
                until=_clock(until, zone),
            )
            return []
        if tracker.active_loop:
            dispatcher.utter_message(response="utter_who_later")
            return []
        return await begin(self._desk, tracker, then=None)


def _clock(until: datetime, zone: str) -> str:
    return f"{until.astimezone(ZoneInfo(zone)):%H:%M}"
