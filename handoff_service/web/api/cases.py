"""API calls for cases. Agents and the company's ticket system list, read, open and change them."""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from handoff_service.operations.cases.change_case import ChangeCase
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.conversations.resolve_case import ChangeAndText, change_and_text
from handoff_service.rules.cases.cases import NORMAL
from handoff_service.rules.shared.vocabulary import CaseKind, CaseState
from handoff_service.store.cases import cases
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Case
from handoff_service.web.api.bodies import Body, Page, Paging, Patch, page
from handoff_service.web.api.calls import ApiRequest, get, patch, post
from handoff_service.web.api.conversations import WrittenText

c = t.cases
VISIBLE = r"[^\s\x00-\x1f\x7f-\x9f]"
Description = Annotated[
    str,
    Field(max_length=10_000),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 10_000, "pattern": VISIBLE}),
]
Line = Annotated[str, Field(min_length=1, max_length=200)]
Priority = Annotated[int, Field(ge=1, le=5)]


class CaseQuery(Paging):
    """``user_id``: the requester. ``interaction_id``: the interaction in which the case was opened.
    ``external_number``: the case's number in the company's ticket system."""

    state: CaseState | None = None
    kind: CaseKind | None = None
    user_id: int | None = None
    interaction_id: int | None = None
    external_number: str | None = None


class NewCaseBody(Body):
    """Opens a case for ``user_id`` or, without it, for the interaction's user. One of the two ids
    is required."""

    description: Description
    kind: CaseKind = CaseKind.PROBLEM
    priority: Priority = NORMAL
    device: Line | None = None
    impact: Line | None = None
    user_id: int | None = None
    interaction_id: int | None = None
    external_number: Line | None = None


class CaseBody(Patch):
    """Changes a case. Omitted fields keep their values. ``note``: an explanation for agents, which
    is added to the case's history; it may be the only field. ``text``: sent to the requester if
    this call resolves the case."""

    may_be_null = frozenset({"device", "impact", "user_id", "external_number"})

    state: CaseState | None = None
    kind: CaseKind | None = None
    priority: Priority | None = None
    description: Description | None = None
    device: Line | None = None
    impact: Line | None = None
    user_id: int | None = None
    external_number: Line | None = None
    note: Annotated[str, Field(max_length=1000)] | None = None
    text: WrittenText | None = None


@get("/cases", summary="Cases, newest first")
async def list_cases(asked: ApiRequest[None, CaseQuery]) -> Page[Case]:
    query = asked.query
    names = ("state", "kind", "user_id", "interaction_id", "external_number")
    where = [
        c.c[name] == getattr(query, name) for name in names if getattr(query, name) is not None
    ]
    where += [c.c.id < query.after] if query.after else []
    found = await asked.desk.store.read(cases.list_, where, limit=query.limit + 1)
    return page(found, query.limit, lambda case: case.id)


@get("/cases/{id}", summary="One case, with its history")
async def one_case(asked: ApiRequest[Any, Any]) -> Case:
    return await asked.desk.store.read(cases.get, asked.id)


@post("/cases", summary="Open a case", status=201)
async def make(asked: ApiRequest[NewCaseBody, Any]) -> Case:
    values = {name: getattr(asked.body, name) for name in NewCaseBody.model_fields}
    case_id = await asked.desk.store.write(
        open_by_hand, OpenByHand(agent_id=asked.agent.id, **values)
    )
    return await asked.desk.store.read(cases.get, case_id)


@patch(
    "/cases/{id}",
    summary="Change a case; an update that changes nothing is not recorded and calls no webhook",
)
async def change(asked: ApiRequest[CaseBody, Any]) -> Case:
    values = asked.body.given()
    note, text = values.pop("note", None), values.pop("text", None)
    change = ChangeCase(id=asked.id, agent_id=asked.agent.id, values=values, note=note)
    command = ChangeAndText(change=change, text=text)
    await asked.desk.store.write(change_and_text, command, near=asked.id)
    return await one_case(asked)
