"""Handles a requester who is not the person linked to this number, or who is its new owner."""

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.add_to_case import add_unclear
from actions.desk_action import DeskAction
from actions.facts_in_forms import keep
from actions.mentioned_account import FORM
from actions.proof import BACK_TO, THEN, begin
from actions.turn import Events, form_of, last_text, turn_id
from handoff_service.operations.identity.prove_identity import drop_proof, not_this_person
from handoff_service.operations.identity.turn_proof import TurnRef
from handoff_service.rules.virtual_agent.names_in_texts import (
    has_new_owner,
    is_for_somebody_else,
)


class NotMe(DeskAction):
    """Remove the link between this number and the person. Then begin a proof, unless a form is
    active or the requester is the number's new owner. If the text says that somebody else needs
    help, the link stays, and the text is added to the report, the request or the last case."""

    def name(self) -> str:
        return "action_not_me"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        if is_for_somebody_else(last_text(tracker)):
            return await self._keep(dispatcher, tracker)
        await self._desk.store.write(not_this_person, TurnRef(turn_id=turn_id(tracker)))
        # The number's new owner is a stranger who has no employee number, so ask for no proof.
        if has_new_owner(last_text(tracker)):
            dispatcher.utter_message(response="utter_new_owner")
            return await self._leave(tracker)
        if tracker.active_loop:
            dispatcher.utter_message(response="utter_who_later")
            return []
        dispatcher.utter_message(response="utter_not_you")
        return await begin(self._desk, tracker, then=None)

    async def _keep(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Add the text to the report, the request or the last case, because it says who
        needs help."""
        if (kept := keep(dispatcher, tracker)) is not None:
            return kept
        if form_of(tracker) is None and await add_unclear(self._desk, dispatcher, tracker):
            return []
        return [FollowupAction("action_fallback")]

    async def _leave(self, tracker: Tracker) -> Events:
        """End the identity form, if it is active."""
        if form_of(tracker) != FORM:
            return []
        await self._desk.store.write(drop_proof, TurnRef(turn_id=turn_id(tracker)))
        slots = ("account", "proof", "requested_slot", THEN, BACK_TO)
        reported = () if tracker.get_slot(BACK_TO) else ("problem", "impact")
        empty = [SlotSet(slot, None) for slot in (*slots, *reported)]
        return [ActiveLoop(None), *empty, FollowupAction("action_listen")]
