"""The hours of the live agents."""

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
    """Answer whether live agents are available, by the schedule of the queue of the number that the
    requester texted. Inside a report and right after a case, keep "I am at my desk until 7 pm"
    with it."""

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
