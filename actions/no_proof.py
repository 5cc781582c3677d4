"""Answers a code, or a text about a code, when no proof expects a code."""

import re

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.add_to_case import add_unclear
from actions.desk_action import DeskAction
from actions.turn import Events, intent_of, last_text, turn_id
from handoff_service.operations.identity.prove_identity import drop_proof
from handoff_service.operations.identity.turn_proof import TurnRef
from handoff_service.rules.virtual_agent.names_in_texts import is_wrong_number

_CODE = re.compile(r"\d{4}|\b(?:code|codigo|código|mail|inbox|spam|resend|digits)\b", re.IGNORECASE)


class NoProof(DeskAction):
    """End a proof that still runs. Then answer a wrong number or a text about a code. Any other
    text is added to a recent case if it may belong there. If not, ask the requester to
    rephrase."""

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


def _is_about_code(tracker: Tracker) -> bool:
    """Whether the text is about a code. The intents ``no_code`` and ``new_code`` alone are not
    precise enough."""
    intent, text = intent_of(tracker), last_text(tracker)
    return intent in ("tell_secret", "other_proof") or bool(_CODE.search(text))
