"""A text that is meant for somebody else, or that a machine sent."""

from typing import Any

from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.add_to_case import add_unclear
from actions.greet import greet
from actions.turn import said, turn_id
from handoff_service.context import AppContext
from handoff_service.operations.virtual_agent.stay_silent import StaySilent, stay_silent
from handoff_service.operations.virtual_agent.take_bot_turn import told_today
from handoff_service.rules.virtual_agent.names_in_texts import said_name

NAME = "action_not_for_desk"


class NotForDesk(Action):
    """Say once a day what this number is. A second such text stays unanswered, and supervisors see
    it."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if name := said_name(said(tracker)):
            return greet(dispatcher, name)
        if await add_unclear(self._desk, dispatcher, tracker):
            return []
        if not await self._desk.store.write(told_today, (turn_id(tracker), NAME)):
            dispatcher.utter_message(response="utter_not_for_desk")
            return []
        await self._desk.store.write(stay_silent, StaySilent(turn_id=turn_id(tracker)))
        return [FollowupAction("action_listen")]
