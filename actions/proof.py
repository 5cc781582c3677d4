"""What needs a person who is proven: the proof comes first, then the topic goes on where it was."""

from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.turn import interaction_id
from handoff_service.desk import Desk
from handoff_service.rules.identity import Level
from handoff_service.store import conversations


async def proof_first(desk: Desk, tracker: Tracker, then: str) -> list[dict[str, Any]] | None:
    """None when the requester is proven; else the events that begin the proof, after which the action ``then`` runs."""
    interaction = await desk.store.read(conversations.one, interaction_id(tracker))
    if interaction.identity.level is Level.VERIFIED:
        return None
    return [SlotSet("after_proof", then), FollowupAction("identity_form")]
