"""Begins a proof that a live agent requested."""

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.desk_action import DeskAction
from actions.proof import begin
from actions.turn import Events


class StartProof(DeskAction):
    """Begin a proof that a live agent requested. The service starts this action with a payload, not
    with a requester's text."""

    def name(self) -> str:
        return "action_start_proof"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        return await begin(self._desk, tracker, then=None)
