"""The identity form and its questions. The replies depend only on the state of the proof, so they
do not show whether an account exists."""

import asyncio
from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.desk_action import DeskAction
from actions.mentioned_account import FORM, KINDS
from actions.proof import ASKED, GAVE_UP, MAX_NAME_LENGTH, THEN
from actions.turn import Events, entities, language, turn_id
from handoff_service.context import AppContext
from handoff_service.operations.identity.check_fact import checked_fact, fact_to_check
from handoff_service.operations.identity.proof_steps import ProofState
from handoff_service.operations.identity.prove_identity import (
    Alternative,
    AlternativeKind,
    ClaimedAccount,
    claim_account,
    offer_alternative,
    read_proof_state,
    settle_answer,
)
from handoff_service.operations.identity.turn_proof import TurnRef
from handoff_service.rules.identity.facts_in_questions import facts_in_language
from handoff_service.rules.identity.proof import Expects, Verdict, asked_facts
from handoff_service.rules.identity.secrets_in_texts import account_in
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.shared.translations import count_in_language

VERDICTS = {Verdict.WRONG: "wrong", Verdict.TOO_OLD: "too_old", Verdict.NO_CODE: "no_code"}
#: The action that waits for the proof -> the question that gives the reason for the proof.
WHY_ACCOUNT = {
    "action_case_status": "utter_ask_account_for_cases",
    "action_account_help": "utter_ask_account_for_access",
}
MAX_QUESTIONS = 3  # the form asks for the account this often; then a person takes over
# Events that end the form if no proof is running any more, because an agent had the conversation in
# the meantime. The form's rule then continues.
LEAVE: Events = [SlotSet("requested_slot", None)]


class AskAccount(DeskAction):
    def name(self) -> str:
        return "action_ask_account"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        state = await _proof_state(self._desk, tracker)
        if state.expects is None:
            return LEAVE
        asked = int(tracker.get_slot(ASKED) or 0)
        # The requester does not know the account, or does not want to give it.
        if asked >= MAX_QUESTIONS:
            return [SlotSet(THEN, GAVE_UP), *LEAVE]
        if asked and not state.asked_by:
            dispatcher.utter_message(response="utter_ask_account_again")
        elif state.asked_by:
            by = first_name(state.asked_by)[:MAX_NAME_LENGTH]
            dispatcher.utter_message(response="utter_ask_account_for_agent", agent=by)
        else:
            reason = WHY_ACCOUNT.get(str(tracker.get_slot(THEN)), "utter_ask_account")
            dispatcher.utter_message(response=reason)
        return [SlotSet(ASKED, asked + 1)]


class AskProof(DeskAction):
    """Ask for the code or an identity fact, or ask a requester without a code to choose what to do
    next. If the last answer was not accepted, the question begins with the reason."""

    def name(self) -> str:
        return "action_ask_proof"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        state = await _proof_state(self._desk, tracker)
        after = VERDICTS.get(state.verdict) if state.verdict else None
        match state.expects:
            case Expects.CODE:
                # If the proof made no step in this turn, no new code was sent.
                asked = "asked" if state.stepped else "again"
                dispatcher.utter_message(
                    response=f"utter_code_{after or asked}",
                    left=_attempts_left(state.left, language(tracker)),
                )
            case Expects.FACT:
                name = "utter_fact_wrong" if after else "utter_fact_asked"
                dispatcher.utter_message(
                    response=name,
                    facts=facts_in_language(asked_facts(state.facts), language(tracker)),
                    left=_attempts_left(state.left, language(tracker)),
                )
            case Expects.CHOICE:
                dispatcher.utter_message(
                    response="utter_no_code" if state.facts else "utter_no_code_no_fact"
                )
            case _:
                return LEAVE
        return []


class ValidateIdentityForm(FormValidationAction):
    """Passes the form's answers to the service, which checks them. For a code or a fact, the bot
    only passes the turn's id, so it never sees the secret."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk

    def name(self) -> str:
        return f"validate_{FORM}"

    async def validate_account(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        text = value[0] if isinstance(value, list) and value else value
        claimed = account_in(str(text)) if text is not None else None
        # The text names no account, or this turn reset the slot. Rasa also validates a reset slot.
        if claimed is None:
            return {"account": None}
        claim = ClaimedAccount(turn_id=turn_id(tracker), claimed=claimed)
        return _slots(await self._desk.store.write(claim_account, claim)) | {"account": claimed}

    async def validate_proof(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        turn = turn_id(tracker)
        # An account in the same text takes precedence over the alternative.
        if value is None or (value in tuple(AlternativeKind) and entities(tracker, *KINDS)):
            return {"proof": None}
        if value in tuple(AlternativeKind):
            instead = Alternative(turn_id=turn, wish=AlternativeKind(value))
            return _slots(await self._desk.store.write(offer_alternative, instead))
        to_check = await self._desk.store.read(fact_to_check, turn)
        answer = await asyncio.to_thread(checked_fact, turn, to_check)
        return _slots(await self._desk.store.write(settle_answer, answer))


async def _proof_state(desk: AppContext, tracker: Tracker) -> ProofState:
    return await desk.store.write(read_proof_state, TurnRef(turn_id=turn_id(tracker)))


def _slots(state: ProofState) -> dict[str, Any]:
    """The form's slots after a step of the proof. After the proof has ended, all slots are filled,
    which ends the form."""
    if state.outcome is not None:
        return {"account": "known", "proof": str(state.outcome)}
    again = {"account": None} if state.expects is Expects.ACCOUNT else {}
    return {**again, "proof": "gone" if state.expects is None else None}


def _attempts_left(left: int, reply_language: str | None) -> str:
    return count_in_language("{left} attempt", "{left} attempts", left, reply_language).format(
        left=left
    )
