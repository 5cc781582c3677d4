"""API calls for macros, which make several changes to a conversation at once. Everyone who is
signed in may read macros. Live agents run them. Admins and supervisors may change them."""

from typing import Annotated, Any

from pydantic import Field

from handoff_service.operations.conversations.run_macro import RunMacro, run_macro
from handoff_service.operations.desk.macros import (
    ChangeMacro,
    change_macro,
    delete_macro,
    make_macro,
)
from handoff_service.operations.messaging_actions.messaging_action_fields import Duration
from handoff_service.operations.shared.field_types import OneLine
from handoff_service.rules.desk.macros import LONGEST_NOTE, STATES, AfterMacro, MacroFields
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.vocabulary import State
from handoff_service.store.desk import macros
from handoff_service.store.views import Interaction, Macro
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page_of
from handoff_service.web.api.calls import WRITERS, ApiRequest, delete, get, patch, post
from handoff_service.web.api.conversations import after
from handoff_service.web.shared.session import ANYONE, supervises

Id = Annotated[int, Field(ge=1, lt=2**53)]
Note = Annotated[str, Field(max_length=LONGEST_NOTE)]


class NewMacroBody(Body):
    """Creates a macro with at least one step. A field that is null or false adds no step.
    ``to_me``: assign the conversation to the agent who runs the macro."""

    name: OneLine
    template_id: Id | None = None
    label_id: Id | None = None
    note: Note | None = None
    to_me: bool = False
    to_agent_id: Id | None = None
    to_queue_id: Id | None = None
    state: State | None = Field(None, description=f"One of {', '.join(STATES)}")
    hold_for: Duration | None = None
    then: AfterMacro = AfterMacro.STAY


class MacroBody(Patch):
    """Changes a macro. Omitted fields keep their values. Null removes a step."""

    may_be_null = frozenset(
        {"template_id", "label_id", "note", "to_agent_id", "to_queue_id", "state", "hold_for"}
    )

    name: OneLine | None = None
    template_id: Id | None = None
    label_id: Id | None = None
    note: Note | None = None
    to_me: bool | None = None
    to_agent_id: Id | None = None
    to_queue_id: Id | None = None
    state: State | None = None
    hold_for: Duration | None = None
    then: AfterMacro | None = None


class MacroQuery(Paging):
    """``q``: part of the name or text."""

    q: str = Field("", max_length=100)


@get("/macros", summary="Macros, by name", roles=ANYONE)
async def list_macros(asked: ApiRequest[None, MacroQuery]) -> Page[Macro]:
    found = await asked.desk.store.read(macros.list_, asked.query.q)
    return page_of(found, asked.query, lambda one: one.id)


@get("/macros/{id}", summary="One macro", roles=ANYONE)
async def one_macro(asked: ApiRequest[Any, Any]) -> Macro:
    return await asked.desk.store.read(macros.get, asked.id)


@post("/macros", summary="Create a macro", roles=WRITERS, status=201)
async def make(asked: ApiRequest[NewMacroBody, Any]) -> Macro:
    made = await asked.desk.store.write(make_macro, MacroFields(**_read(asked.body.model_dump())))
    return await asked.desk.store.read(macros.get, made)


@patch("/macros/{id}", summary="Change a macro", roles=WRITERS)
async def change(asked: ApiRequest[MacroBody, Any]) -> Macro:
    command = ChangeMacro(id=asked.id, values=_read(asked.body.given()))
    await asked.desk.store.write(change_macro, command)
    return await one_macro(asked)


@delete("/macros/{id}", summary="Delete a macro", roles=WRITERS)
async def remove(asked: ApiRequest[None, Any]) -> None:
    await asked.desk.store.write(delete_macro, asked.id)


@post("/interactions/{id}/macros/{macro_id}", summary="Run a macro: all of its steps, or none")
async def run(asked: ApiRequest[None, Any]) -> Interaction:
    command = RunMacro(
        macro_id=asked.below,
        interaction_id=asked.id,
        agent_id=asked.agent.id,
        assigns=supervises(asked.agent),
    )
    return await after(asked, run_macro, command)


def _read(given: dict[str, Any]) -> dict[str, Any]:
    """Convert the values of a body to those of ``MacroFields``: parse ``hold_for``."""
    held = given.get("hold_for")
    return given | {"hold_for": durations.parse(held)} if held else given
