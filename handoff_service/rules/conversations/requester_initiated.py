"""Table 2 of docs/product.md: a requester writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import FirstResponder, Owner


class RequesterWrites(StrEnum):
    """The rows of the table."""

    NO_ACTIVE_INTERACTION = "no active interaction on the line"
    ACTIVE_WITH_LIVE_AGENT = "active, with a live agent (or waiting for one)"
    ACTIVE_WITH_VIRTUAL_AGENT = "active, with the virtual agent"


class RequesterWritesStep(StrEnum):
    CREATE = "create one"
    ASSIGN_TO_FIRST_RESPONDER = "assign it to the virtual agent or to live agents"
    ADD_TEXT = "add the text to the conversation"
    ASK_VIRTUAL_AGENT = "the virtual agent continues with its current bot topic"


TABLE: Mapping[RequesterWrites, tuple[RequesterWritesStep, ...]] = {
    RequesterWrites.NO_ACTIVE_INTERACTION: (
        RequesterWritesStep.CREATE,
        RequesterWritesStep.ASSIGN_TO_FIRST_RESPONDER,
        RequesterWritesStep.ADD_TEXT,
    ),
    RequesterWrites.ACTIVE_WITH_LIVE_AGENT: (RequesterWritesStep.ADD_TEXT,),
    RequesterWrites.ACTIVE_WITH_VIRTUAL_AGENT: (
        RequesterWritesStep.ADD_TEXT,
        RequesterWritesStep.ASK_VIRTUAL_AGENT,
    ),
}


@dataclass(frozen=True, slots=True)
class FirstOwner:
    """The first owner of a new interaction. ``reason``: why the virtual agent is not the owner;
    None: it is."""

    owner: Owner
    reason: str | None = None


def situation(owner: Owner | None) -> RequesterWrites:
    """The table row that applies. ``owner``: the owner of the line's active interaction; None
    without one."""
    if owner is None:
        return RequesterWrites.NO_ACTIVE_INTERACTION
    return (
        RequesterWrites.ACTIVE_WITH_VIRTUAL_AGENT
        if owner is Owner.VIRTUAL_AGENT
        else RequesterWrites.ACTIVE_WITH_LIVE_AGENT
    )


def first_owner(
    first_responder: FirstResponder,
    *,
    bot_answers: bool,
    opted_out: bool = False,
    unanswerable: str | None = None,
    queues_unanswerable: bool = False,
) -> FirstOwner:
    """The first owner of a new interaction. The provider number's setting decides, with three
    exceptions:

    - If nobody can text the sender (``unanswerable``: why), the interaction has no owner, or the
      queue owns it if the desk wants that (``queues_unanswerable``).
    - If the requester has opted out, the queue owns it, because only a person can answer without a
      text.
    - Without a bot (``bot_answers``), the queue owns it.
    """
    if unanswerable:
        return FirstOwner(Owner.QUEUE if queues_unanswerable else Owner.NONE, unanswerable)
    if opted_out:
        return FirstOwner(Owner.QUEUE, phrase("The requester has opted out and cannot be texted."))
    if first_responder is FirstResponder.LIVE_AGENT:
        return FirstOwner(Owner.QUEUE, phrase("Live agents answer this number first."))
    if not bot_answers:
        return FirstOwner(Owner.QUEUE, phrase("There is no virtual agent."))
    return FirstOwner(Owner.VIRTUAL_AGENT)
