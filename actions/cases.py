"""Opens a case for a reported problem."""

from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.add_to_case import add_text
from actions.desk_action import DeskAction
from actions.problem_form import IT, KNOWN
from actions.start_topic import take_up
from actions.turn import forget_collected, language, turn_id
from actions.turns import continues_case
from handoff_service.operations.cases.open_case import OpenInTurn, open_case
from handoff_service.rules.cases.cases import priority_of
from handoff_service.rules.shared.translations import translatable
from handoff_service.rules.virtual_agent.bot_replies import opened, short

LONGEST_QUOTE = 60
NEXT_STEP = translatable("Text any details here, or ask for a person.")


class OpenCaseAction(DeskAction):
    """Open the case, send its number, and reset the form's slots for the next problem. If the text
    adds to the last case, add it there instead. If the problem is a known outage, open no case."""

    def name(self) -> str:
        return "action_open_case"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if continues_case(tracker.events) and await add_text(self._desk, dispatcher, tracker):
            return forget_collected()
        if tracker.get_slot(KNOWN) == IT:
            dispatcher.utter_message(response="utter_is_known")
            return [*forget_collected(), *take_up(dispatcher, tracker)]
        problem = str(tracker.get_slot("problem") or "No description")
        number = await self._open(tracker, problem)
        dispatcher.utter_message(
            text=opened("case", number, short(problem, LONGEST_QUOTE), NEXT_STEP, language(tracker))
        )
        return [*forget_collected(), *take_up(dispatcher, tracker)]

    async def _open(self, tracker: Tracker, problem: str) -> str:
        impact, asked = tracker.get_slot("impact"), tracker.get_slot("questions")
        command = OpenInTurn(
            turn_id=turn_id(tracker),
            description=f"{problem}\nAsked: {asked}" if asked else problem,
            device=tracker.get_slot("device"),
            impact=impact,
            priority=priority_of(impact),
        )
        number: str = await self._desk.store.write(open_case, command)
        return number
