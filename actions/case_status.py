"""The status of the requester's cases."""

from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict
from sqlalchemy import Connection

from actions.add_to_case import add_text
from actions.desk_action import DeskAction
from actions.equipment_form import FORM as EQUIPMENT_FORM
from actions.equipment_form import keep_aside
from actions.problem_form import FORM as PROBLEM_FORM
from actions.proof import proof_first
from actions.turn import confidence, form_of, interaction_id, language, last_text
from actions.turns import continues_case, turns_since_case
from handoff_service.rules.cases.cases import case_id
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import in_language
from handoff_service.rules.virtual_agent import bot_replies
from handoff_service.rules.virtual_agent.additions import asks_about_new_case
from handoff_service.rules.virtual_agent.bot_replies import CaseLine
from handoff_service.store.cases import cases
from handoff_service.store.conversations import conversations
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.engine.database import read_at
from handoff_service.store.views import Case

SLOT = "case_number"
SURE = 0.8  # inside a form, a text needs this confidence to count as a question about another case


class CaseStatusAction(DeskAction):
    """Send a verified requester the status of the case that they named, or a list of their open
    cases.

    If the requester names a case that is not theirs, the reply is the same whether or not the case
    exists."""

    def name(self) -> str:
        return "action_case_status"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        by_number = bool(tracker.get_slot(SLOT))
        is_about_new_case = not by_number and _is_about_new_case(tracker)
        if is_about_new_case and await add_text(self._desk, dispatcher, tracker):
            return []
        in_form = form_of(tracker) in (PROBLEM_FORM, EQUIPMENT_FORM)
        if in_form and not by_number and confidence(tracker) < SURE:
            # "when will i have it?" is about the current request
            return keep_aside(dispatcher, tracker)
        events = await proof_first(self._desk, tracker, then=self.name())
        if events is not None:
            return events
        asked = (interaction_id(tracker), tracker.get_slot(SLOT), language(tracker))
        dispatcher.utter_message(text=await self._desk.store.read(_answer, *asked))
        return [SlotSet(SLOT, None)]


def _is_about_new_case(tracker: Tracker) -> bool:
    """Whether the text is about the case of the previous turn: a correction, or a question such as
    "are they coming?". Adding such a text to the case reveals nothing, so it needs no proof."""
    if continues_case(tracker.events):
        return True
    is_next = turns_since_case(tracker.events) == 1 and not tracker.active_loop
    return is_next and asks_about_new_case(last_text(tracker))


def _answer(conn: Connection, interaction: int, number: object, reply_language: Language) -> str:
    user = conversations.get(conn, interaction).user
    if user is None:  # an agent undid the verification after the proof
        unknown = bot_replies.UNKNOWN_CASE if number else bot_replies.NO_CASES
        return in_language(unknown, reply_language)
    if not number:
        found = [_line(case) for case in cases.unsettled(conn, user.id)]
        return bot_replies.open_cases(found, reply_language)
    wanted = case_id(str(number))
    one = cases.of_user(conn, user.id, wanted) if wanted is not None else None
    if one is None:
        return in_language(bot_replies.UNKNOWN_CASE, reply_language)
    return bot_replies.one_case(_line(one), desk_time_zone(conn), read_at(conn), reply_language)


def _line(case: Case) -> CaseLine:
    return CaseLine(
        number=case.number,
        state=case.state,
        description=case.description,
        changed_at=case.changed_at,
    )
