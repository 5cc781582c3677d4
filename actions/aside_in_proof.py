"""Answers texts in the identity form that do not name an account: a greeting, a name, "i have no
number"."""

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.greet import SLOT as SAID_NAME
from actions.turn import Events, intent_of, last_text
from handoff_service.rules.shared.names import first_name
from handoff_service.rules.virtual_agent.asides import asks_why, has_no_account
from handoff_service.rules.virtual_agent.names_in_texts import (
    bare_name,
    has_new_owner,
    introduced_name,
)


class AsideInProof(Action):
    """Answer the text. The form then asks its question again. If the number has a new owner, run
    ``action_not_me`` instead."""

    def name(self) -> str:
        return "action_aside_in_proof"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        if has_new_owner(last_text(tracker)):
            return [FollowupAction("action_not_me")]
        events = answer_claim(dispatcher, tracker)
        if events is not None:
            return events
        greets = intent_of(tracker) == "greet"
        dispatcher.utter_message(response="utter_greet" if greets else "utter_finding_out")
        return []


def answer_claim(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """Answer a requester who asks why the virtual agent needs to know. If the form asks for the
    account, also answer a requester who gives a name or has no account. Returns None for any other
    text.

    The name proves nothing. Agents see it as a claim."""
    text = last_text(tracker)
    if asks_why(text):
        dispatcher.utter_message(response="utter_why_account")
        return []
    if tracker.get_slot("requested_slot") != "account":
        return None
    if has_no_account(text):
        dispatcher.utter_message(response="utter_no_account")
        return []
    name = introduced_name(text) or bare_name(text)
    if name is None:
        return None
    dispatcher.utter_message(response="utter_name_is_no_proof", name=first_name(name))
    return [SlotSet(SAID_NAME, name)]
