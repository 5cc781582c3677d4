"""Help with a password or a locked account. The bot prepares the case, and a live agent resets the
account."""

from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict
from sqlalchemy import Connection

from actions.add_to_case import add_text
from actions.desk_action import DeskAction
from actions.proof import proof_first
from actions.turn import entities, interaction_id, language, last_text, turn_id
from actions.turns import turns_since_case
from handoff_service.operations.cases.open_case import OpenInTurn, open_case
from handoff_service.operations.virtual_agent.request_hand_off import (
    RequestHandOff,
    request_hand_off,
)
from handoff_service.rules.cases.cases import HIGH
from handoff_service.rules.shared.translations import in_language, translatable
from handoff_service.rules.shared.vocabulary import CaseKind
from handoff_service.rules.virtual_agent.facts_in_forms import tells_of_error
from handoff_service.store.cases import cases
from handoff_service.store.conversations import conversations
from handoff_service.store.desk import texts

NAME = "action_account_help"
ALREADY_OPEN = translatable(
    "Your case {number} is already open. A person will continue with it here."
)
CANNOT_GET_INTO, LOCKED_OUT = "Cannot get into: ", "Password or locked account"
REASON = "Needs help with a password or a locked account. Identity verified."


class AccountHelpAction(DeskAction):
    """Open a case of high priority for a verified requester, and hand over to a live agent. A
    repeated request uses the same case. While the proof is under way, the request is kept as a
    report, so that it becomes a case even if the proof fails.

    The case's description names the account, and quotes the texts that only describe the effects of
    the problem. It never quotes a text about a password, because the text can contain the password.
    """

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        if _is_about_new_case(tracker) and await add_text(self._desk, dispatcher, tracker):
            return [SlotSet("system", None)]
        events = await proof_first(self._desk, tracker, then=self.name())
        account = str(tracker.get_slot("system") or "").strip()
        if events is not None:
            return [*_as_report(tracker, account), *events]
        wanted = OpenInTurn(
            turn_id=turn_id(tracker),
            kind=CaseKind.ACCESS,
            priority=HIGH,
            description=str(tracker.get_slot("problem") or lost_access(account)),
            once=True,
        )
        there = await self._desk.store.read(_open_already, interaction_id(tracker))
        number = await self._desk.store.write(open_case, wanted)
        if number in there:
            reply = in_language(ALREADY_OPEN, language(tracker)).format(number=number)
        else:
            reply = await self._desk.store.read(texts.account_help, number, language(tracker))
        dispatcher.utter_message(text=reply)
        collected = {"Topic": "account", "Case": number} | ({"Account": account} if account else {})
        wish = RequestHandOff(turn_id=turn_id(tracker), reason=REASON, collected=collected)
        await self._desk.store.write(request_hand_off, wish)
        return [SlotSet(slot, None) for slot in ("system", "problem", "impact")]


def _is_about_new_case(tracker: Tracker) -> bool:
    """Whether the text tells, right after a case, what a program says about the problem: "error say
    authentication fail"."""
    is_next = turns_since_case(tracker.events) == 1 and not tracker.active_loop
    return is_next and not entities(tracker, "system") and tells_of_error(last_text(tracker))


def _as_report(tracker: Tracker, account: str) -> list[dict[str, Any]]:
    """The events that keep the request as a report. If a form has already collected a report, that
    report stays as it is."""
    if tracker.active_loop or tracker.get_slot("problem"):
        return []
    return [SlotSet("problem", lost_access(account))]


def lost_access(account: str | None) -> str:
    """The description of a case about an account that the requester cannot get into."""
    return f"{CANNOT_GET_INTO}{account}" if account else LOCKED_OUT


def is_lost_access(report: str) -> bool:
    """Whether a report begins with the text of ``lost_access``. More facts may follow it."""
    return report.startswith((CANNOT_GET_INTO, LOCKED_OUT))


def _open_already(conn: Connection, interaction: int) -> set[str]:
    user = conversations.get(conn, interaction).user
    return (
        {case.number for case in cases.unsettled(conn, user.id, kind=CaseKind.ACCESS)}
        if user
        else set()
    )
