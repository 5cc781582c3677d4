"""The hours of the live agents."""

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict
from sqlalchemy import Connection

from actions.add_to_case import add_text
from actions.turn import interaction_id, language, last_text
from actions.turns import turns_since_case
from handoff_service.context import AppContext
from handoff_service.rules.shared.language import Language
from handoff_service.rules.virtual_agent import bot_replies
from handoff_service.rules.virtual_agent.additions import is_availability
from handoff_service.store.engine.database import read_at
from handoff_service.store.routing import queue_hours


class OfficeHoursAction(Action):
    """Answer when live agents are available. The schedule is that of the queue of the number that
    the requester texted. Right after a case, a text such as "I am at my desk until 7 pm" is not a
    question; add it to the case."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk

    def name(self) -> str:
        return "action_office_hours"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        after_case = turns_since_case(tracker.events) == 1 and not tracker.active_loop
        is_fact = after_case and is_availability(last_text(tracker))
        if is_fact and await add_text(self._desk, dispatcher, tracker):
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
