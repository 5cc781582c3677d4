"""API calls that act on several interactions at once, and that undo this action."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.shared.field_types import ChangedAttributes
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ApiRequest, post
from handoff_service.web.shared.bulk_actions import (
    ActOnOne,
    assign_each,
    attributes_each,
    close_each,
    hold_each,
    label_each,
    macro_each,
    on_each,
    undo_each,
)
from handoff_service.web.shared.bulk_undo import (
    MOST_CONVERSATIONS,
    BulkResult,
    read_inverses,
    write_inverses,
)

Id = Annotated[int, Field(ge=1, lt=2**53)]


class BulkAction(StrEnum):
    ASSIGN = "assign"
    LABEL = "label"
    ATTRIBUTES = "attributes"
    HOLD = "hold"
    CLOSE = "close"
    MACRO = "macro"


class BulkBody(Body):
    """Runs an action on each interaction separately. If one change is refused, the others still
    happen. The texts of ``close`` and ``macro`` are sent after 15 seconds.

    - ``assign`` needs ``agent_id``. Supervisors assign the interactions; agents transfer them.
    - ``label`` needs ``label_id``.
    - ``attributes`` needs ``attributes``. Null removes an attribute.
    - ``hold`` accepts ``state_reason`` and ``hold_until``.
    - ``close`` accepts ``topic_id`` and ``closing_text``.
    - ``macro`` needs ``macro_id``.
    """

    action: BulkAction
    interaction_ids: list[Id] = Field(min_length=1, max_length=MOST_CONVERSATIONS)
    agent_id: Id | None = None
    label_id: Id | None = None
    macro_id: Id | None = None
    attributes: ChangedAttributes = Field({})
    state_reason: str | None = Field(None, max_length=200)
    hold_until: AwareDatetime | None = None
    topic_id: Id | None = None
    closing_text: str | None = Field(None, max_length=1600)


class UndoBody(Body):
    """``undo``: the value that the action returned."""

    undo: str = Field(min_length=1, max_length=50_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOutcome:
    """``done``: how many interactions were changed. ``refused``: the number of each interaction
    that was not changed, and the reason. ``undo``: the value to send to ``POST
    /api/v1/bulk/undo``; null if there is nothing to undo."""

    done: int
    refused: list[str]
    undo: str | None


@post("/bulk", summary="Assign, label, hold, close or run a macro on up to 100 interactions")
async def act(asked: ApiRequest[BulkBody, Any]) -> BulkOutcome:
    return _outcome(await on_each(asked.body.interaction_ids, _action(asked)))


@post("/bulk/undo", summary="Undo an action on several interactions")
async def undo(asked: ApiRequest[UndoBody, Any]) -> BulkOutcome:
    try:
        inverses = read_inverses(asked.body.undo)
    except BadInput as error:
        raise Conflict(
            "There is nothing to undo. Send the undo value that the action returned."
        ) from error
    return _outcome(await undo_each(asked.desk.store, asked.agent, inverses))


def _outcome(result: BulkResult) -> BulkOutcome:
    return BulkOutcome(
        done=result.done, refused=result.refused, undo=write_inverses(result.undo) or None
    )


def _action(asked: ApiRequest[BulkBody, Any]) -> ActOnOne:
    store, agent, given = asked.desk.store, asked.agent, asked.body
    match given.action:
        case BulkAction.ASSIGN:
            return assign_each(store, agent, _needed(given, "agent_id"))
        case BulkAction.LABEL:
            return label_each(store, agent, _needed(given, "label_id"))
        case BulkAction.ATTRIBUTES:
            if not given.attributes:
                raise BadInput(errors={"attributes": "is missing; the action needs it"})
            return attributes_each(store, agent, given.attributes)
        case BulkAction.HOLD:
            return hold_each(store, agent, given.hold_until, given.state_reason)
        case BulkAction.CLOSE:
            return close_each(store, agent, given.topic_id, given.closing_text)
        case BulkAction.MACRO:
            return macro_each(store, agent, _needed(given, "macro_id"))


def _needed(given: BulkBody, field: str) -> int:
    value: int | None = getattr(given, field)
    if value is None:
        raise BadInput(errors={field: f"is missing; {given.action} needs it"})
    return value
