"""Help with a password or a locked account. The virtual agent opens a case and hands the
conversation to a live agent, who resets the account."""

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
    """Open a high-priority case for a verified requester, and hand over to a live agent. A repeated
    request uses the same case. During the proof, the slot ``problem`` contains the request, so it
    becomes a case even if the proof fails.

    The case's description names the account, and quotes texts that describe the effects of the
    problem. It never quotes a text about a password, because that text may contain the password.
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
        command = OpenInTurn(
            turn_id=turn_id(tracker),
            kind=CaseKind.ACCESS,
            priority=HIGH,
            description=str(tracker.get_slot("problem") or lost_access(account)),
            once=True,
        )
        open_before = await self._desk.store.read(_open_access_cases, interaction_id(tracker))
        number = await self._desk.store.write(open_case, command)
        if number in open_before:
            reply = in_language(ALREADY_OPEN, language(tracker)).format(number=number)
        else:
            reply = await self._desk.store.read(texts.account_help, number, language(tracker))
        dispatcher.utter_message(text=reply)
        collected = {"Topic": "account", "Case": number} | ({"Account": account} if account else {})
        handoff = RequestHandOff(turn_id=turn_id(tracker), reason=REASON, collected=collected)
        await self._desk.store.write(request_hand_off, handoff)
        return [SlotSet(slot, None) for slot in ("system", "problem", "impact")]


def _is_about_new_case(tracker: Tracker) -> bool:
    """Whether the text comes right after a case and describes a program's message: "error say
    authentication fail"."""
    is_next = turns_since_case(tracker.events) == 1 and not tracker.active_loop
    return is_next and not entities(tracker, "system") and tells_of_error(last_text(tracker))


def _as_report(tracker: Tracker, account: str) -> list[dict[str, Any]]:
    """Events that store the request in the slot ``problem``. Empty if a form is active, or if the
    slot already contains a report."""
    if tracker.active_loop or tracker.get_slot("problem"):
        return []
    return [SlotSet("problem", lost_access(account))]


def lost_access(account: str | None) -> str:
    """The description of a case about an account that the requester cannot get into."""
    return f"{CANNOT_GET_INTO}{account}" if account else LOCKED_OUT


def is_lost_access(report: str) -> bool:
    """Whether a report begins with a description from ``lost_access``. More facts may follow."""
    return report.startswith((CANNOT_GET_INTO, LOCKED_OUT))


def _open_access_cases(conn: Connection, interaction: int) -> set[str]:
    """The numbers of the user's unsettled cases about access."""
    user = conversations.get(conn, interaction).user
    return (
        {case.number for case in cases.unsettled(conn, user.id, kind=CaseKind.ACCESS)}
        if user
        else set()
    )
