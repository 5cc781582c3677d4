"""Requires a proof of identity before an action, and continues with the action after the proof."""

from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.mentioned_account import FORM, mentioned_account
from actions.start_topic import take_up
from actions.turn import form_of, turn_id
from handoff_service.context import AppContext
from handoff_service.operations.identity.prove_identity import begin_proof
from handoff_service.operations.identity.turn_proof import TurnRef
from handoff_service.rules.identity.identity_level import Level
from handoff_service.rules.identity.proof import ProofOutcome
from handoff_service.store.identity.turn_requester import requester_of

AFTER = "action_after_proof"
ASKED = "account_asked"  # the slot that counts how often the form asked for the account
BACK_TO = "back_to"  # the slot with the form in which the proof began
THEN = "after_proof"  # the slot with the action that follows the proof
GAVE_UP = "gave_up"  # the value of THEN after a requester did not say who they are
MAX_NAME_LENGTH = 40  # characters of a name in a reply


async def proof_first(desk: AppContext, tracker: Tracker, then: str) -> list[dict[str, Any]] | None:
    """Require a proof unless the requester of this turn is verified. Returns None for a verified
    requester. For anybody else, returns events that begin the proof; the caller must return them
    to Rasa. After the proof, the action ``then`` runs."""
    requester = await desk.store.read(requester_of, turn_id(tracker))
    if requester.identity.level is Level.VERIFIED:
        return None
    return await begin(desk, tracker, then=then)


async def begin(desk: AppContext, tracker: Tracker, *, then: str | None) -> list[dict[str, Any]]:
    """Begin a proof. Returns the events that start the identity form. If the proof fails at once,
    for example because this number has no attempts left, the events skip the form and run
    ``action_after_proof``."""
    state = await desk.store.write(begin_proof, TurnRef(turn_id=turn_id(tracker)))
    failed = state.outcome is ProofOutcome.FAILED
    return [
        # The form checks this account as if it answered the form's question.
        SlotSet("account", None if failed else mentioned_account(tracker)),
        SlotSet("proof", "failed" if failed else None),
        SlotSet("requested_slot", None),
        SlotSet(THEN, then),
        SlotSet(ASKED, None),
        SlotSet(BACK_TO, None if failed or form_of(tracker) == FORM else form_of(tracker)),
        FollowupAction(AFTER if failed else FORM),
    ]


class ResumeForm(Action):
    """Wraps an action that can follow a proof. After a proof, the wrapper returns to the form in
    which the proof began, starts the remembered request, or ends the turn. No rule does this, and
    without the wrapper Rasa would run the fallback."""

    def __init__(self, action: Action) -> None:
        self._action = action

    def name(self) -> str:
        name: str = self._action.name()
        return name

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[dict[str, Any]]:
        events = list(await self._action.run(dispatcher, tracker, domain) or [])
        if tracker.get_slot(THEN) != self.name() or any(
            e["event"] in ("followup", "active_loop") for e in events
        ):
            return events
        wish = [] if tracker.get_slot(BACK_TO) else take_up(dispatcher, tracker)
        return [*events, SlotSet(THEN, None), *(wish or back(tracker))]


def back(tracker: Tracker) -> list[dict[str, Any]]:
    """Events for the end of a proof. If the proof began in a form, that form asks again. If not,
    the turn ends."""
    return [SlotSet(BACK_TO, None), FollowupAction(tracker.get_slot(BACK_TO) or "action_listen")]
