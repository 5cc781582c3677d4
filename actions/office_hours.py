"""Answers questions about the live agents' hours."""

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict
from sqlalchemy import Connection

from actions.add_to_case import add_text
from actions.desk_action import DeskAction
from actions.facts_in_forms import keep
from actions.turn import interaction_id, language, last_text
from actions.turns import turns_since_case
from handoff_service.rules.shared.language import Language
from handoff_service.rules.virtual_agent import bot_replies
from handoff_service.rules.virtual_agent.additions import is_availability
from handoff_service.store.engine.database import read_at
from handoff_service.store.routing import queue_hours


class OfficeHoursAction(DeskAction):
    """Send the live agents' hours, from the schedule of the line's queue. A text such as "I am at
    my desk until 7 pm" is no question about hours: inside a form or right after a case, add it to
    the report, request or case."""

    def name(self) -> str:
        return "action_office_hours"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if is_availability(last_text(tracker)):
            if (kept := keep(dispatcher, tracker)) is not None:
                return kept
            after_case = turns_since_case(tracker.events) == 1 and not tracker.active_loop
            if after_case and await add_text(self._desk, dispatcher, tracker):
                return []
        asked = (interaction_id(tracker), language(tracker))
        dispatcher.utter_message(text=await self._desk.store.read(_hours, *asked))
        return []


def _hours(conn: Connection, interaction: int, reply_language: Language) -> str:
    schedule, now = queue_hours.of_line(conn, interaction), read_at(conn)
    return bot_replies.hours(
        is_open=schedule.is_open(now),
        until=schedule.closes_at(now),
        opens=schedule.opens_at(now),
        zone=schedule.time_zone,
        now=now,
        language=reply_language,
    )
