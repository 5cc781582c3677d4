"""What follows a proof of identity: the action that waited for it, a handoff, or a canceled
request."""

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.desk_action import DeskAction
from actions.hand_off_after_failure import hand_off_after_failure
from actions.mentioned_account import FORM
from actions.proof import BACK_TO, GAVE_UP, MAX_NAME_LENGTH, THEN, back
from actions.start_topic import take_up
from actions.turn import Events, collected, intent_of, last_text, turn_id
from handoff_service.operations.identity.prove_identity import (
    Finish,
    drop_proof,
    finish_proof,
)
from handoff_service.operations.identity.turn_proof import TurnRef
from handoff_service.rules.identity.proof import ProofOutcome
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.virtual_agent.farewells import is_goodbye
from handoff_service.store.identity.turn_requester import requester_of

NO_ACCOUNT = "The requester did not say who they are."


class AfterProof(DeskAction):
    """Continue after the identity form has ended. If the requester is verified, run the action that
    waited for the proof. If the proof failed, or if the requester did not say who they are, hand
    over to a person."""

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
        runs_action = verified and then and not ended.asked_by
        if verified:
            requester = await self._desk.store.read(requester_of, turn)
            name = first_name(requester.name or "")[:MAX_NAME_LENGTH]
            dispatcher.utter_message(response="utter_verified", name=name)
        elif ended.outcome is ProofOutcome.FAILED:
            dispatcher.utter_message(response="utter_not_verified")
        else:
            dispatcher.utter_message(response="utter_go_on")
        empty = [SlotSet("account", None), SlotSet("proof", None)]
        if runs_action:
            return [*empty, FollowupAction(str(then))]
        return [*empty, SlotSet(THEN, None), *_without_request(tracker), *back(tracker)]


class DropProof(DeskAction):
    """Cancel the proof, and drop the request that needed it. If the proof began inside a form, that
    form asks again. If a live agent requested the proof, the conversation returns to that agent."""

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
                response="utter_back_to_agent", agent=first_name(dropped.asked_by)[:MAX_NAME_LENGTH]
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


def _without_request(tracker: Tracker) -> Events:
    """Events that drop the account request that needed the proof. Empty if the proof began inside
    a form, because then the slots contain that form's report."""
    if tracker.get_slot(BACK_TO):
        return []
    return [SlotSet("problem", None), SlotSet("impact", None)]
