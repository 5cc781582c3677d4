"""The identity form, and the questions around it. The replies depend on the state of the proof
only, so they do not show whether an account exists."""

import asyncio
from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.desk_action import DeskAction
from actions.mentioned_account import FORM, KINDS
from actions.proof import ASKED, GAVE_UP, MOST_NAME, THEN
from actions.turn import Events, entities, language, turn_id
from handoff_service.context import AppContext
from handoff_service.operations.identity.check_fact import checked_fact, fact_to_check
from handoff_service.operations.identity.proof_steps import ProofState
from handoff_service.operations.identity.prove_identity import (
    Alternative,
    AlternativeKind,
    ClaimedAccount,
    TurnRef,
    claim_account,
    offer_alternative,
    read_proof_state,
    settle_answer,
)
from handoff_service.rules.identity.facts_in_questions import facts_in_language
from handoff_service.rules.identity.proof import Expects, Verdict, asked_facts
from handoff_service.rules.identity.secrets_in_texts import account_in
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.shared.translations import count_in_language

VERDICTS = {Verdict.WRONG: "wrong", Verdict.TOO_OLD: "too_old", Verdict.NO_CODE: "no_code"}
#: The action that waits for the proof -> the question with the reason for the proof.
WHY_ACCOUNT = {
    "action_case_status": "utter_ask_account_for_cases",
    "action_account_help": "utter_ask_account_for_access",
}
MOST_ASKED = 3  # times that the form asks for the account before a person takes over
# Ends the form when it asks without a running proof, because an agent had the conversation
# meanwhile. The form's rule then continues.
LEAVE: Events = [SlotSet("requested_slot", None)]


class AskAccount(DeskAction):
    def name(self) -> str:
        return "action_ask_account"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        standing = await _standing(self._desk, tracker)
        if standing.expects is None:
            return LEAVE
        asked = int(tracker.get_slot(ASKED) or 0)
        # the requester does not know the account, or does not want to give it
        if asked >= MOST_ASKED:
            return [SlotSet(THEN, GAVE_UP), *LEAVE]
        if asked and not standing.asked_by:
            dispatcher.utter_message(response="utter_ask_account_again")
        elif standing.asked_by:
            by = first_name(standing.asked_by)[:MOST_NAME]
            dispatcher.utter_message(response="utter_ask_account_for_agent", agent=by)
        else:
            reason = WHY_ACCOUNT.get(str(tracker.get_slot(THEN)), "utter_ask_account")
            dispatcher.utter_message(response=reason)
        return [SlotSet(ASKED, asked + 1)]


class AskProof(DeskAction):
    """Ask for the code, or for a fact, or ask which of the two the requester prefers. The question
    begins with the verdict on the last answer."""

    def name(self) -> str:
        return "action_ask_proof"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        standing = await _standing(self._desk, tracker)
        after = VERDICTS.get(standing.verdict) if standing.verdict else None
        match standing.expects:
            case Expects.CODE:
                # the proof made no step in this turn, so no new code was sent
                asked = "asked" if standing.stepped else "again"
                dispatcher.utter_message(
                    response=f"utter_code_{after or asked}",
                    left=_tries(standing.left, language(tracker)),
                )
            case Expects.FACT:
                name = "utter_fact_wrong" if after else "utter_fact_asked"
                dispatcher.utter_message(
                    response=name,
                    facts=facts_in_language(asked_facts(standing.facts), language(tracker)),
                    left=_tries(standing.left, language(tracker)),
                )
            case Expects.CHOICE:
                dispatcher.utter_message(
                    response="utter_no_code" if standing.facts else "utter_no_code_no_fact"
                )
            case _:
                return LEAVE
        return []


class ValidateIdentityForm(FormValidationAction):
    """Passes the form's answers to the service. The service judges them by the turn's id, so the
    bot never sees a code or a fact."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk

    def name(self) -> str:
        return f"validate_{FORM}"

    async def validate_account(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        text = value[0] if isinstance(value, list) and value else value
        claimed = account_in(str(text)) if text is not None else None
        # The text names no account, or this turn emptied the slot, which Rasa validates too.
        if claimed is None:
            return {"account": None}
        claim = ClaimedAccount(turn_id=turn_id(tracker), claimed=claimed)
        return _slots(await self._desk.store.write(claim_account, claim)) | {"account": claimed}

    async def validate_proof(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        turn = turn_id(tracker)
        # an account in the same text wins over the alternative
        if value is None or (value in tuple(AlternativeKind) and entities(tracker, *KINDS)):
            return {"proof": None}
        if value in tuple(AlternativeKind):
            instead = Alternative(turn_id=turn, wish=AlternativeKind(value))
            return _slots(await self._desk.store.write(offer_alternative, instead))
        to_check = await self._desk.store.read(fact_to_check, turn)
        answer = await asyncio.to_thread(checked_fact, turn, to_check)
        return _slots(await self._desk.store.write(settle_answer, answer))


async def _standing(desk: AppContext, tracker: Tracker) -> ProofState:
    return await desk.store.write(read_proof_state, TurnRef(turn_id=turn_id(tracker)))


def _slots(standing: ProofState) -> dict[str, Any]:
    """The form's slots after a step of the proof. They are full when the proof has ended, so that
    the form ends too."""
    if standing.outcome is not None:
        return {"account": "known", "proof": str(standing.outcome)}
    again = {"account": None} if standing.expects is Expects.ACCOUNT else {}
    return {**again, "proof": "gone" if standing.expects is None else None}


def _tries(left: int, spoken: str | None) -> str:
    return count_in_language("{left} attempt", "{left} attempts", left, spoken).format(left=left)
