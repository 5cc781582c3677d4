"""The identity form, and the questions around it. The replies depend on the state of the proof
only, so they do not show whether an account exists."""

import asyncio
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.add_to_case import add_text, add_unclear
from actions.aside_in_proof import AsideInProof
from actions.hand_off_after_failure import hand_off_after_failure
from actions.mentioned_account import FORM, KINDS
from actions.not_me import NotMe
from actions.other_topic import OtherTopic
from actions.proof import ASKED, BACK_TO, THEN, back, begin
from actions.start_topic import take_up
from actions.turn import collected, entities, intent_of, language, last_text, turn_id
from actions.turns import turns_since_case
from handoff_service.context import AppContext
from handoff_service.operations.identity.proof_steps import ProofState
from handoff_service.operations.identity.prove_identity import (
    Alternative,
    AlternativeKind,
    ClaimedAccount,
    Finish,
    TurnRef,
    checked_fact,
    claim_account,
    drop_proof,
    fact_to_check,
    finish_proof,
    offer_alternative,
    read_proof_state,
    settle_answer,
)
from handoff_service.rules.identity.facts_in_questions import facts_in_language
from handoff_service.rules.identity.identity_level import Level
from handoff_service.rules.identity.proof import Expects, ProofOutcome, Verdict, asked_facts
from handoff_service.rules.identity.secrets_in_texts import account_in
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.shared.translations import count_in_language
from handoff_service.rules.virtual_agent.additions import tells_how_to_reach
from handoff_service.rules.virtual_agent.farewells import is_goodbye
from handoff_service.rules.virtual_agent.names_in_texts import is_wrong_number
from handoff_service.store.desk.desk import desk_time_zone
from handoff_service.store.identity.turn_requester import requester_of

VERDICTS = {Verdict.WRONG: "wrong", Verdict.TOO_OLD: "too_old", Verdict.NO_CODE: "no_code"}
#: The action that waits for the proof -> the question with the reason for the proof.
WHY_ACCOUNT = {
    "action_case_status": "utter_ask_account_for_cases",
    "action_account_help": "utter_ask_account_for_access",
}
MOST_ASKED = 3  # times that the form asks for the account before a person takes over
GAVE_UP = "gave_up"  # takes the place of the action that follows the proof
NO_ACCOUNT = "The requester did not say who they are."
MOST_NAME = 40  # characters of a name in a reply
type Events = list[dict[str, Any]]
_CODE = re.compile(r"\d{4}|\b(?:code|codigo|código|mail|inbox|spam|resend|digits)\b", re.IGNORECASE)
# Ends the form when it asks without a running proof, because an agent had the conversation
# meanwhile. The form's rule then continues.
LEAVE: Events = [SlotSet("requested_slot", None)]


class _WithDesk(Action):
    """An action that uses the service."""

    def __init__(self, desk: AppContext) -> None:
        self._desk = desk


class StartProof(_WithDesk):
    """Begin a proof that a live agent requested. The service sends the payload for it in place of a
    text."""

    def name(self) -> str:
        return "action_start_proof"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        return await begin(self._desk, tracker, then=None)


class WhoAmI(_WithDesk):
    """Send a verified requester their name. For anybody else, begin a proof, unless a form is
    active."""

    def name(self) -> str:
        return "action_who_am_i"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        requester = await self._desk.store.read(requester_of, turn_id(tracker))
        until = requester.identity.expires_at
        if requester.identity.level is Level.VERIFIED and until is not None:
            zone = await self._desk.store.read(desk_time_zone)
            dispatcher.utter_message(
                response="utter_you_are",
                name=(requester.name or "")[:MOST_NAME],
                until=_clock(until, zone),
            )
            return []
        if tracker.active_loop:
            dispatcher.utter_message(response="utter_who_later")
            return []
        if _tells_how_to_reach(tracker) and await add_text(self._desk, dispatcher, tracker):
            return []
        return await begin(self._desk, tracker, then=None)


class AskAccount(_WithDesk):
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


class AskProof(_WithDesk):
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


class AfterProof(_WithDesk):
    """The form has ended: run the action that waited for the proof, or hand over to a person."""

    def name(self) -> str:
        return "action_after_proof"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        turn, then = turn_id(tracker), tracker.get_slot(THEN)
        if then == GAVE_UP:
            dispatcher.utter_message(response="utter_not_verified")
            return await hand_off_after_failure(self._desk, tracker, NO_ACCOUNT, collected(tracker))
        ended = await self._desk.store.write(
            finish_proof, Finish(turn_id=turn, collected=collected(tracker))
        )
        verified = ended.outcome is ProofOutcome.VERIFIED
        goes_on = verified and then and not ended.asked_by
        if verified:
            requester = await self._desk.store.read(requester_of, turn)
            name = first_name(requester.name or "")[:MOST_NAME]
            dispatcher.utter_message(response="utter_verified", name=name)
        elif ended.outcome is ProofOutcome.FAILED:
            dispatcher.utter_message(response="utter_not_verified")
        else:
            dispatcher.utter_message(response="utter_go_on")
        empty = [SlotSet("account", None), SlotSet("proof", None)]
        if goes_on:
            return [*empty, FollowupAction(str(then))]
        return [*empty, SlotSet(THEN, None), *_without_request(tracker), *back(tracker)]


class NoProof(_WithDesk):
    """Answer a code, or a text about a code, when no proof expects one."""

    def name(self) -> str:
        return "action_no_proof"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        await self._desk.store.write(drop_proof, TurnRef(turn_id=turn_id(tracker)))
        if is_wrong_number(last_text(tracker)):
            dispatcher.utter_message(response="utter_wrong_number")
        elif not _is_about_code(tracker) and await add_unclear(self._desk, dispatcher, tracker):
            return []
        else:
            about = "utter_no_proof" if _is_about_code(tracker) else "utter_rephrase"
            dispatcher.utter_message(response=about)
        return []


class DropProof(_WithDesk):
    """The requester stops the proof: drop the request that needed it. The form in which the proof
    began asks again, or the live agent who requested the proof returns."""

    def name(self) -> str:
        return "action_drop_proof"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        if intent_of(tracker) == "bye" and not is_goodbye(last_text(tracker)):  # "hold on a sec"
            dispatcher.utter_message(response="utter_take_your_time")
            return [FollowupAction(FORM)]
        dropped = await self._desk.store.write(drop_proof, TurnRef(turn_id=turn_id(tracker)))
        says_bye = intent_of(tracker) == "bye"
        if dropped.asked_by:
            dispatcher.utter_message(
                response="utter_back_to_agent", agent=first_name(dropped.asked_by)[:MOST_NAME]
            )
        elif says_bye:
            dispatcher.utter_message(response="utter_bye")
        else:
            dispatcher.utter_message(
                response="utter_left" if tracker.get_slot(BACK_TO) else "utter_dropped"
            )
        empty = [
            SlotSet(slot, None)
            for slot in ("account", "proof", "requested_slot", THEN, "case_number")
        ]
        empty += _without_request(tracker)
        if dropped.asked_by or says_bye:
            return [
                ActiveLoop(None),
                *empty,
                SlotSet(BACK_TO, None),
                FollowupAction("action_listen"),
            ]
        wish = [] if tracker.get_slot(BACK_TO) else take_up(dispatcher, tracker)
        return [ActiveLoop(None), *empty, *(wish or back(tracker))]


def identity_actions(desk: AppContext) -> list[Action]:
    """All actions around the identity form."""
    plain = (StartProof, WhoAmI, NotMe, AskAccount, AskProof, AfterProof, NoProof, DropProof)
    return [
        *(action(desk) for action in plain),
        AsideInProof(),
        OtherTopic(),
        ValidateIdentityForm(desk),
    ]


def _without_request(tracker: Tracker) -> Events:
    """Events that drop the request about the account that needed the proof. If the proof began
    inside a report's form, the report stays.
    """
    if tracker.get_slot(BACK_TO):
        return []
    return [SlotSet("problem", None), SlotSet("impact", None)]


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


def _tells_how_to_reach(tracker: Tracker) -> bool:
    """Whether the text gives an address or number right after a case, for the people who work on
    it: "you can reach me at ann@example.com"."""
    is_next = turns_since_case(tracker.events) == 1
    return (
        is_next
        and intent_of(tracker) == "inform_account"
        and tells_how_to_reach(last_text(tracker))
    )


def _is_about_code(tracker: Tracker) -> bool:
    """Whether the text is about a code. The classifier alone is not precise enough."""
    intent, text = intent_of(tracker), last_text(tracker)
    return intent in ("tell_secret", "other_proof") or bool(_CODE.search(text))


def _clock(until: datetime, zone: str) -> str:
    return f"{until.astimezone(ZoneInfo(zone)):%H:%M}"
