"""The inverse operations of a bulk action. The page keeps them as JSON, and Undo sends them back.

The service checks the agent's rights for each inverse operation, as for any other action. Therefore
a forged inverse operation cannot do more than the agent may do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from handoff_service.errors import BadInput, NotAllowed
from handoff_service.operations.conversations.cancel_delayed import CancelDelayed, cancel_delayed
from handoff_service.operations.conversations.change_attributes import (
    ChangeAttributes,
    change_attributes,
)
from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    change_interaction,
)
from handoff_service.operations.conversations.label_conversation import (
    LabelConversation,
    label_conversation,
)
from handoff_service.operations.conversations.reopen import Reopen, reopen
from handoff_service.operations.conversations.run_macro import MacroRun
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.routing.assign import AssignTo, assign_by_hand
from handoff_service.operations.routing.transfer import CancelTransfer, cancel_transfer
from handoff_service.rules.desk.attributes import LONGEST_VALUE
from handoff_service.rules.desk.macros import MacroStep
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import CLOSED, State
from handoff_service.store.engine.transaction import Transaction
from handoff_service.web.shared.request_bytes import BIGGEST
from handoff_service.web.shared.session import supervises

MOST_CONVERSATIONS = 100  # in one bulk action
UNDO_WITHIN = timedelta(seconds=15)  # the agent can undo for this time; then the texts are sent

type Id = Annotated[int, Field(strict=True, gt=0, le=BIGGEST)]
type Attributes = Annotated[
    dict[str, Annotated[str | None, Field(max_length=LONGEST_VALUE)]],
    Field(max_length=MOST_CONVERSATIONS),
]
#: The operation, the conversation, and the operation's other arguments.
type OneInverse = (
    tuple[Literal["unlabel"], Id, Id]  # the label
    | tuple[Literal["attributes"], Id, Attributes]  # the values before
    | tuple[Literal["resume"], Id]
    # the end and the reason of the hold
    | tuple[Literal["hold"], Id, AwareDatetime | None, str | None]
    | tuple[Literal["reopen"], Id]
    | tuple[Literal["assign"], Id, Id]  # the agent
    | tuple[Literal["cancel_transfer"], Id]
    | tuple[Literal["cancel_text"], Id, Id]  # the message
)
#: One inverse operation, or those of a macro in order. The store runs those of a macro in one
#: transaction.
type Inverse = (
    OneInverse
    | tuple[
        Literal["macro"], Id, Annotated[tuple[OneInverse, ...], Field(max_length=len(MacroStep))]
    ]
)


@dataclass(slots=True)
class BulkResult:
    """The result of a bulk action."""

    done: int = 0
    undo: list[Inverse] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


_INVERSES: TypeAdapter[list[Inverse]] = TypeAdapter(
    Annotated[list[Inverse], Field(min_length=1, max_length=MOST_CONVERSATIONS)]
)


def write_inverses(inverses: Sequence[Inverse]) -> str:
    """Return the JSON for the page, or an empty string when there is nothing to undo."""
    return _INVERSES.dump_json(list(inverses)).decode() if inverses else ""


def read_inverses(sent: str) -> list[Inverse]:
    """Parse the JSON that a page sent back. Raises BadInput if it is invalid."""
    try:
        return _INVERSES.validate_json(sent)
    except ValidationError as error:
        raise BadInput(phrase("There is nothing to undo. Reload the page.")) from error


def inverse_command(inverse: Inverse, agent: CurrentAgent) -> tuple[Any, Any]:
    """Return the store operation that undoes the action, and its command. Raises BadInput for a
    macro with several conversations, and NotAllowed if only a supervisor can undo this."""
    match inverse:
        case ("macro", one, parts):
            if any(part[1] != one for part in parts):
                raise BadInput(phrase("There is nothing to undo. Reload the page."))
            return _each, [inverse_command(part, agent) for part in parts]
        case ("unlabel", one, label):
            return label_conversation, LabelConversation(
                interaction_id=one, agent_id=agent.id, label_id=label, on=False
            )
        case ("attributes", one, values):
            return change_attributes, ChangeAttributes(
                interaction_id=one, agent_id=agent.id, values=values
            )
        case ("resume", one):
            command = ChangeInteraction(
                interaction_id=one, agent_id=agent.id, state=State.WORK_IN_PROGRESS
            )
        case ("hold", one, until, reason):
            command = ChangeInteraction(
                interaction_id=one,
                agent_id=agent.id,
                state=State.ON_HOLD,
                state_reason=reason,
                hold_until=until,
            )
        case ("reopen", one):
            return reopen, Reopen(interaction_id=one, agent_id=agent.id)
        case ("assign", one, to):
            if not supervises(agent):
                raise NotAllowed(phrase("Only supervisors can assign conversations."))
            return assign_by_hand, AssignTo(interaction_id=one, agent_id=to, by=agent.id)
        case ("cancel_transfer", one):
            return cancel_transfer, CancelTransfer(interaction_id=one, agent_id=agent.id)
        case ("cancel_text", one, message):
            return cancel_delayed, CancelDelayed(
                interaction_id=one, agent_id=agent.id, message_id=message
            )
    return change_interaction, command


def of_macro(interaction_id: int, run: MacroRun) -> Inverse | None:
    """Return the inverse operations of a macro, or None when nothing can be undone. Undoing does
    not remove private notes. Canceling the text comes first, because the requester then waits
    again. Restoring the state comes last, because a change of owner ends a hold."""
    one = interaction_id
    parts: list[OneInverse] = []
    if run.message_id is not None:
        parts.append(("cancel_text", one, run.message_id))
    if run.state in CLOSED and run.state is not run.was:
        parts.append(("reopen", one))
    elif run.asked:
        parts.append(("cancel_transfer", one))
    if run.assigned_from is not None:
        parts.append(("assign", one, run.assigned_from))
    if run.label_id is not None:
        parts.append(("unlabel", one, run.label_id))
    if run.was is State.ON_HOLD and not run.state_kept:
        parts.append(("hold", one, run.hold.until, run.hold.reason))
    elif run.state is State.ON_HOLD and run.was is not State.ON_HOLD:
        parts.append(("resume", one))
    return ("macro", one, tuple(parts)) if parts else None


def _each(tx: Transaction, commands: Sequence[tuple[Any, Any]]) -> None:
    for operation, command in commands:
        operation(tx, command)
