"""Table 3 of docs/product.md: an agent starts a conversation."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Owner


class Situation(StrEnum):
    """The rows of the table. "Different person" is judged first."""

    NO_ACTIVE_INTERACTION = "no active interaction"
    ACTIVE_WITH_LIVE_AGENT = "active with a live agent"
    ACTIVE_WITH_VIRTUAL_AGENT = "active with the virtual agent"
    ACTIVE_WITH_SOMEONE_ELSE = "active with a different person than the agent means to reach"


class AgentWritesStep(StrEnum):
    CREATE = "create one"
    ASSIGN_TO_AGENT = "assigned to the agent"
    ADD_TEXT = "add the text to the conversation"
    JOIN_LIVE_GROUP = "add the agent to the live group"
    CLOSE = "close it"
    REPLACE_PROFILE = "make a new messaging profile for that person and deactivate the old one"


NO_REASSIGNMENT = "no reassignment"


@dataclass(frozen=True, slots=True)
class AgentWritesRow:
    """The steps of a row. ``effect``: the sentence that the agent sees before sending;
    ``promises``: what must not happen."""

    steps: tuple[AgentWritesStep, ...]
    effect: str
    promises: tuple[str, ...] = ()


TABLE: Mapping[Situation, AgentWritesRow] = {
    Situation.NO_ACTIVE_INTERACTION: AgentWritesRow(
        (AgentWritesStep.CREATE, AgentWritesStep.ASSIGN_TO_AGENT),
        phrase("Starts a new conversation, assigned to you."),
    ),
    Situation.ACTIVE_WITH_LIVE_AGENT: AgentWritesRow(
        (AgentWritesStep.ADD_TEXT, AgentWritesStep.JOIN_LIVE_GROUP),
        phrase("Your text joins the current conversation. {owner} stays in charge."),
        (NO_REASSIGNMENT,),
    ),
    Situation.ACTIVE_WITH_VIRTUAL_AGENT: AgentWritesRow(
        (AgentWritesStep.CLOSE, AgentWritesStep.CREATE, AgentWritesStep.ASSIGN_TO_AGENT),
        phrase(
            "Closes the conversation with the virtual agent and starts a new one, assigned to you."
        ),
    ),
    Situation.ACTIVE_WITH_SOMEONE_ELSE: AgentWritesRow(
        (
            AgentWritesStep.CLOSE,
            AgentWritesStep.REPLACE_PROFILE,
            AgentWritesStep.CREATE,
            AgentWritesStep.ASSIGN_TO_AGENT,
        ),
        phrase(
            "Closes the conversation with {person}, links the number to {meant} and "
            "starts a new conversation, assigned to you."
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """The line's active interaction: its owner and its user (None: a guest)."""

    owner: Owner
    user: int | None


#: Whether the line has no active interaction -> the effect of a text from a program (service token)
#: in every row except "active with a different person".
OF_PROGRAM = {
    True: phrase(
        "Sends the text in a conversation that is closed at once. An answer starts a new one."
    ),
    False: phrase("Your text joins the current conversation. Its owner stays in charge."),
}
WAITING = phrase(
    "Your text joins the conversation that is waiting for a live agent, and "
    "the conversation is assigned to you."
)
TAKING_PART = phrase(
    "Your text joins the current conversation, which you are already in. {owner} stays in charge."
)
IN_CHARGE = phrase(
    "Your text joins the current conversation, which you are already in. You stay in charge."
)


def effect(
    row: Situation, owner: Owner | None, *, taking_part: bool = False, in_charge: bool = False
) -> str:
    """The row's sentence, with placeholders for ``owner``, ``person`` and ``meant``. A waiting
    interaction has no owner to name. ``taking_part``: the agent is already in the live group;
    ``in_charge``: the conversation is assigned to the agent."""
    if row is not Situation.ACTIVE_WITH_LIVE_AGENT:
        return TABLE[row].effect
    if owner is Owner.QUEUE:
        return WAITING
    if in_charge:
        return IN_CHARGE
    return TAKING_PART if taking_part else TABLE[row].effect


def situation(active: LineFacts | None, *, meant_for: int | None) -> Situation:
    """The table row that applies. ``meant_for``: the user the agent means to reach; None when the
    agent named nobody.

    A guest does not count as a different person, because the guest's profile is tied to the person
    that the agent named.
    """
    if active is None:
        return Situation.NO_ACTIVE_INTERACTION
    if meant_for is not None and active.user is not None and active.user != meant_for:
        return Situation.ACTIVE_WITH_SOMEONE_ELSE
    if active.owner is Owner.VIRTUAL_AGENT:
        return Situation.ACTIVE_WITH_VIRTUAL_AGENT
    return Situation.ACTIVE_WITH_LIVE_AGENT
