"""The hours of the live agents."""

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict
from sqlalchemy import Connection

from actions.turn import interaction_id, language
from handoff_service.context import AppContext
from handoff_service.rules.shared.language import Language
from handoff_service.rules.virtual_agent import bot_replies
from handoff_service.store.engine.database import read_at
from handoff_service.store.routing import queue_hours


class OfficeHoursAction(Action):
    """Answer whether live agents are available, by the schedule of the queue of the number that the
    requester texted."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk

    def name(self) -> str:
        return "action_office_hours"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        asked = (interaction_id(tracker), language(tracker))
        dispatcher.utter_message(text=await self._desk.store.read(_hours, *asked))
        return []


def _hours(conn: Connection, interaction: int, spoken: Language) -> str:
    schedule, now = queue_hours.of_line(conn, interaction), read_at(conn)
    return bot_replies.hours(
        is_open=schedule.is_open(now),
        until=schedule.closes_at(now),
        opens=schedule.opens_at(now),
        zone=schedule.time_zone,
        now=now,
        language=spoken,
    )
